"""Dagster: when and where each stage runs, never what it computes."""
