"""What is left of a cluster, which case that is, and how the cluster comes back.

Looks gather `Evidence`; `diagnose` says which case it is, and a `RecoveryPlan` which steps lead
back. A look changes nothing, and ends as `Unknown` where it cannot tell: nothing is guessed. It
works with the stores and the kops that it is given; leases, guards and settings belong to
operations.
"""
