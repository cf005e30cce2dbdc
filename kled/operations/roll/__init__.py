"""Replacing machines, group by group, and what an interrupted roll has left."""
