"""What a person sees in the user interface, through a real browser."""
