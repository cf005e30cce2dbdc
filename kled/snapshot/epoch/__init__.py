"""Which state store a cluster lives in, so that a revived old side refuses itself."""
