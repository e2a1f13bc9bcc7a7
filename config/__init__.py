"""The profiles that come with statefocus; this file only makes the folder installable as package data."""
