"""What a person reads: tables of the loop condensed into rows."""
