"""What kops warns of though a call succeeds: left out, doubtful, or not asked.

Kops ends with 0 whatever it leaves out (captures 60b, T-bad-list); what it left out stands on
stderr alone, in klog's form.
"""

import re
from collections.abc import Iterator
from typing import Final

_KLOG: Final = re.compile(r"^[WE]\d{4} \S+ +\d+ \S+?:\d+\] (.*)$")
_KEYSET: Final = re.compile(r'^ignoring keyset "((?:[^"\\]|\\.)*)": (.*)$')
_LOOKED_AT: Final = re.compile(
    r"The local filesystem state store is not functional for running clusters"
    r"|Name of cluster does not match: |cluster \S+ found in state store listing, but "
    r"|`kops get \[CLUSTER\]` is deprecated|ignoring keyset |Using base url from env var: "
)
"""What others read, or what says nothing about a cluster."""
_SHOWN: Final = 300


def warnings(stderr: str) -> Iterator[str]:
    """Yield what a person should know of a read that succeeded; each once."""
    found = (match[1] for line in stderr.splitlines() if (match := _KLOG.match(line)))
    for words in dict.fromkeys(found):
        if not _LOOKED_AT.match(words):
            yield words[:_SHOWN]


def ignored_keysets(stderr: str) -> Iterator[tuple[str, str]]:
    """Yield the keysets that kops left out of its list because it cannot read them, with why.

    `get keypairs` succeeds without them (vfs_castore.go of kops 1.36.2).
    """
    for line in stderr.splitlines():
        match = _KLOG.match(line)
        found = _KEYSET.match(match[1]) if match else None
        if found:
            yield found[1], found[2][:_SHOWN]
