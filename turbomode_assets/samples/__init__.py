"""What a matured session teaches: labels, weights and splits."""
