"""`kled snapshot …`, with a module for each command."""
