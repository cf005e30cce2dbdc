"""Records of operations on a cluster, beside its state: one key scheme, one reader."""
