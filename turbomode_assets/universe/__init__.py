"""Who may be scored: the shipped list, membership, curation, and ranking."""
