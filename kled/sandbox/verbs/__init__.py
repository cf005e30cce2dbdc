"""The verbs of the simulated kops, a module each, and how its command line is read."""
