"""What the champion said: from probabilities to a side."""
