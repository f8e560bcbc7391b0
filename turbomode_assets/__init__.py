"""Self-improving stock signals as partitioned Dagster assets in DuckDB."""
