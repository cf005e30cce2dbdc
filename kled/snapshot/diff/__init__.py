"""Comparing two states of a cluster."""
