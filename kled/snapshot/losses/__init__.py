"""Losses: what a cluster or a snapshot store had in an earlier snapshot and lacks now."""
