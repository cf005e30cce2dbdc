"""What a cluster is known by, and that no change replaces it (design D17)."""
