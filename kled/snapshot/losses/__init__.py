"""What a cluster had and has no more: what keeps a snapshot from being trusted."""
