"""Real data beside what the package makes of them, and the pages that show it."""
