"""The simulated cloud: what a definition implies there, machines, and their life."""
