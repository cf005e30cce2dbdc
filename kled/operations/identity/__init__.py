"""What identifies a cluster, and the refusals that keep changes from replacing it (design D17)."""
