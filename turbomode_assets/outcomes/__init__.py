"""What then happened: matured periods, what they returned, and their labels."""
