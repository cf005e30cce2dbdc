"""Verified snapshots of a state store: made, checked, compared, restored, kept and forgotten.

docs/snapshot-format.md is the norm for what is stored. What belongs here: that format, and the
order in which it is written and read. What does not: kops' words (`kled.kops`), the stores
themselves (`kled.storage`), leases and approvals (`kled.operations`).
"""
