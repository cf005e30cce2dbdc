"""Flows: tables of contents, one per file; what a flow does is written in `kled.operations`."""
