"""What a restore would write, and writing it."""
