"""Real devices over Alpaca; the only place that knows `alpyca`."""
