"""What was knowable at the close: one catalog, one file per family."""
