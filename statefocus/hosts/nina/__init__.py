"""N.I.N.A. through the plug-in Advanced API (H4): its events tell what it does, and the gate holds its sequence.

The only place that knows that interface. It was written from its published specification; docs/hosts/nina.md tells
what was tried of it.
"""
