"""What `make bench` measures: speed and accuracy, beside what else there is, in one run. Never part of a test.

Rooms: `light` (a star's image, by GalSim), `sweeps` (what a camera sees of it through a focus sweep), `bank` (sweeps
kept with the measures of their frames).
"""
