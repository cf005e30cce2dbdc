"""Which snapshots can be trusted, which is newer, and whose they are."""
