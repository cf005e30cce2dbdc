"""The documents of a snapshot store: how each is written, signed and read."""
