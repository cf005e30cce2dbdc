"""Reading snapshots back and proving their content."""
