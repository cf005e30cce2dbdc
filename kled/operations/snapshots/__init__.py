"""Snapshots of clusters: back up, list, verify, prune, mirror."""
