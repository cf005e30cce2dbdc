"""Looks into an etcd backup without etcd (verification level 4).

An `etcd.backup.gz` is gzip around an etcd v3 snapshot: a bbolt file and the SHA-256 of it.
`backup` undoes the gzip and the digest, `bolt` walks the pages, `revisions` reads what etcd keeps
in them, `contents` counts what Kubernetes keeps in etcd, `inside` describes what of it is bound to
disks and addresses.
"""

from kled.snapshot.etcd.backup import find_trouble
from kled.snapshot.etcd.contents import EtcdContents, inspect

__all__ = ["EtcdContents", "find_trouble", "inspect"]
