"""What a check of health looks at, one kind in each module; each judges, and changes nothing."""
