"""Filters (O): offsets on a change, runs by way of another filter, last good positions."""
