"""Planning a restore, and writing it."""
