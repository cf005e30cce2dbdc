"""Whether one cluster, or every one, is healthy and stays so."""
