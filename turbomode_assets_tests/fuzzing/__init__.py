"""Whatever is put into an entrance is understood, or refused in a sentence."""
