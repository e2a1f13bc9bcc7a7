"""The session within reach: `statefocus gate`, `notify` and `ctl` find it, ask it, and are answered."""
