"""Reading snapshots back, and proving what they hold."""
