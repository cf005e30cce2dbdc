"""Flows of a team that chain kled's tasks with their own; tests run them in a sandbox."""
