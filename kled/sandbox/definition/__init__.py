"""Definitions as kops reads, completes, checks, edits and writes them."""
