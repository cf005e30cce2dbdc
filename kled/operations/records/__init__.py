"""What operations keep on record of a cluster beside its state: one key scheme, one reader."""
