"""Verified snapshots of a state store: making, checking, comparing, restoring and pruning them.

docs/snapshot-format.md is the norm for what is stored. This room holds that format, and the order
in which it is written and read. kops' words belong to `kled.kops`, the stores themselves to
`kled.storage`, leases and approvals to `kled.operations`.
"""
