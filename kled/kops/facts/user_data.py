"""Which authorities a plan takes from what machines of the cloud are given to start with. Pure.

kops writes the certificates of `kubernetes-ca` that nodes are to trust into their user data
(`ConfigServer.CACertificates` of `kube_env.yaml`, `buildConfigServerOptions` of
pkg/nodemodel/nodeupconfigbuilder.go), and the preview of an update shows what of it changes as a
difference of lines (captures 37, N-ca-secret-prev). What a person adds to user data comes after it.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

from kled.kops.facts import plan_effects
from kled.models.plan import Plan

_INDENT: Final = "    "
"""What each line of the certificates begins with."""
_BEGIN, _END = f"{_INDENT}-----BEGIN CERTIFICATE-----", f"{_INDENT}-----END CERTIFICATE-----"
_LAST: Final = "NodeupConfigHash:"
"""The last line of what kops gives to machines; it changes with every key."""
_MARK: Final = 2
"""Characters before each line of a difference."""


def taken_away(plan: Plan) -> frozenset[str]:
    """Return the certificates that machines trust by now and would not after it.

    Each as the SHA-256 (hex) of its PEM body without line ends, as keysets are compared by. None
    where the planner shows no user data, or does not show a certificate as a whole.
    """
    gone: set[str] = set()
    for template in plan_effects.templates(plan):
        for text in template.fields.values() if template.action == "modify" else ():
            lines = list(_own_part(text))
            gone |= set(_certificates(lines, "-")) - set(_certificates(lines, "+"))
    return frozenset(gone)


def _own_part(text: str) -> Iterator[str]:
    """Yield the lines of a difference up to the last that kops itself gives to machines."""
    lines = text.split("\n")
    ends = [number for number, line in enumerate(lines) if line[_MARK:].startswith(_LAST)]
    yield from lines[: ends[0]] if ends else ()


def _certificates(lines: list[str], side: str) -> Iterator[str]:
    """Yield the certificates of one side of a difference, as far as all their lines are shown."""
    body: list[str] | None = None
    for line in lines:
        mark, text = line[:1], line[_MARK:]
        if mark not in {side, " "}:
            body = None if line == "..." else body
        elif text == _BEGIN:
            body = []
        elif text == _END and body:
            yield hashlib.sha256("".join(body).encode()).hexdigest()
            body = None
        elif body is not None:
            body.append(text.strip())
