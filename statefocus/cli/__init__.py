"""What a person types; thin, and the only place that prints."""
