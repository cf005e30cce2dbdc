"""Epochs: which state store a cluster lives in."""
