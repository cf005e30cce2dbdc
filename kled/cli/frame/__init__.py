"""What all commands have in common: options, sessions, names, and their end."""
