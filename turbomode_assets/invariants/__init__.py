"""What must hold in every home, whatever happened to it: a query each."""
