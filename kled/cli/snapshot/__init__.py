"""`kled snapshot …`, a command in each module of its name."""
