"""Bringing a cluster's state back, and saying where a cluster lives."""
