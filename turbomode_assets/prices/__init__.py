"""From raw bars as traded to prices that can be compared over time."""
