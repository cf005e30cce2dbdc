"""`kled kops …`, with a module for each command."""
