"""What is believed next: the evidence for a challenger and its verdict."""
