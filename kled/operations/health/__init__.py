"""Whether a cluster, or every one, is healthy, and stays so."""
