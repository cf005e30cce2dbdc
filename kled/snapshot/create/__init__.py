"""Making snapshots: what is read, what is left, what is written, what is proved at birth."""
