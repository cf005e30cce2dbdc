"""What kops keeps of a cluster in its state store, where, and what that says."""
