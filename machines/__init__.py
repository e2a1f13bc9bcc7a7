"""The state machines, as TOML; this file only makes the folder installable as package data."""
