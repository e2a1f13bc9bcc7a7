"""Real devices: what is asked of them, whoever speaks to them; Alpaca and INDI have a room each."""
