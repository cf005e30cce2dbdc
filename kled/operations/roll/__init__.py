"""Replacing machines, group by group, and mending what an interrupted roll has left."""
