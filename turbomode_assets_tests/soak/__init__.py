"""Ten years lived day by day, under every fault there is."""
