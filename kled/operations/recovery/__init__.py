"""Bringing a cluster's state back, and recording where a cluster lives."""
