"""`kled kops …`, a command in each module of its name."""
