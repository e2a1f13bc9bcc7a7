"""Values to JSON lines and back: write, read, replay, diff, explain."""
