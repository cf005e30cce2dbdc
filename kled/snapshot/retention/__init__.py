"""Retention policies, pruning, and mirroring to a second site."""
