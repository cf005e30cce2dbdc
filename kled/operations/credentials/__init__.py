"""A cluster's secrets and certificate authorities."""
