"""Secrets and certificate authorities of a cluster."""
