"""Lives that are killed, resumed, and held against a life that was not disturbed."""
