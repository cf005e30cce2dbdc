"""Trust in snapshots: which can be trusted, which is the newest, and which cluster each is of."""
