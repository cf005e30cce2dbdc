"""Facts about kops: names it gives, versions it serves, and what the tasks of a plan mean."""
