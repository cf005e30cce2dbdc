"""What kops warns of though a call succeeds: left out, doubtful, or not asked.

Kops ends with 0 whatever it leaves out (captures 60b, T-bad-list); what it left out stands on
stderr alone, in klog's form.
"""

import re
from collections.abc import Iterator
from typing import Final

from kled.kops.failures import klog

_KEYSET: Final = re.compile(rf"ignoring keyset {klog.QUOTED}: (.*)")
_LOOKED_AT: Final = re.compile(
    r"The local filesystem state store is not functional for running clusters"
    rf"|Name of cluster does not match: |cluster {klog.QUOTED} found in state store listing, but "
    r"|`kops get \[CLUSTER\]` is deprecated|ignoring keyset |Using base url from env var: "
    r"|CA private key was not found"
)
"""What others read, or what says nothing about a cluster: each new one has no private key yet, and
which keys a plan would make kled asks by itself."""
SHOWN: Final = 300
"""Characters of a warning that a person is told."""
_FORGEABLE: Final = (
    "a name in the state store has a line feed: what kops said after it may be forged, and is left"
    " out"
)


def warnings(stderr: str) -> Iterator[str]:
    """Yield what a person should know of a read that succeeded; each once.

    Nothing that a name may have forged, but that there is such a name.
    """
    for message in dict.fromkeys(klog.entries(stderr)):
        if not _LOOKED_AT.match(message):
            yield message[:SHOWN]
    if klog.is_broken(stderr):
        yield _FORGEABLE


def warned_of(line: str) -> tuple[klog.LogSeverity, str] | None:
    """Return how grave it is what one line warns of, and its words; None: a person knows enough.

    Nothing for what says nothing about a cluster, though kops calls it a warning.
    """
    message = klog.entry(line)
    if message is None or message[0] == "I" or _LOOKED_AT.match(message[1]):
        return None
    return message


def ignored_keysets(stderr: str) -> Iterator[tuple[str, str]]:
    """Yield the keysets that kops left out of its list because it cannot read them, with why.

    `get keypairs` succeeds without them (vfs_castore.go of kops 1.36.2).
    """
    for message in klog.entries(stderr):
        if match := _KEYSET.fullmatch(message):
            yield klog.unquoted(match[1]), match[2][:SHOWN]
