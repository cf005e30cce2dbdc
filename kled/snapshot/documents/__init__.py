"""What a snapshot store holds beside payloads: how each document is written, signed and read."""
