"""Which snapshots are kept, collecting what none refers to, and a second site."""
