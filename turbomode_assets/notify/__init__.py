"""Messages on their way to people: channels by URL, and an outbox that forgets none."""
