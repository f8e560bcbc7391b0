"""What stands between a browser and Dagster's web server."""
