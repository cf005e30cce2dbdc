"""The address that kops gives the name of a cluster's API until its control plane has written one.

kops puts it into the zone before there is a machine (`upup/pkg/fi/cloudup/dns.go`), so the name
resolves, and nothing answers there.
"""

import re
from typing import Final

from kled.errors import ApiUnreachable

_ADDRESS: Final = re.compile(r"(?<![\w.:])(?:203\.0\.113\.123(?!\.?\d)|fd00:dead:add::(?!\w))")


def address(text: str) -> str | None:
    """Return the placeholder that `text` of kops or of an HTTP client tell of; None: none."""
    match = _ADDRESS.search(text)
    return match[0] if match else None


def explain(error: ApiUnreachable) -> None:
    """Say of an API that does not answer that its name has the placeholder, where it has."""
    placeholder = address(error.message)
    if placeholder is not None:
        error.with_hint(hint(placeholder))


def hint(placeholder: str) -> str:
    """Say what the placeholder means and what to look at."""
    return (
        f"{placeholder} is the placeholder that kops puts into DNS: the control plane has not"
        " written its own address yet. A new one needs 5 to 10 minutes; after that,"
        " kled kops get-instances shows whether its machine is there, and its logs"
        " (dns-controller or external-dns, etcd) tell more"
    )
