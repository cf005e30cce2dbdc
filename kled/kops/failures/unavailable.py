"""What kops says where something on its way does not answer: it may pass, and is tried again.

Each row names a capture that shows its words. They count where no row of `kled.kops.failures.table`
does.
"""

from typing import Final

from kled import errors
from kled.kops.failures.failure_row import FailureRow

_REACH = "check the endpoint, DNS, and the way to it from where kled runs; kled doctor tries them"

UNAVAILABLE: Final = (
    FailureRow(
        r"^Error: .*exceeded maximum number of attempts.*request send failed, (.*)",
        errors.CloudUnavailable,
        "the cloud or the state store does not answer: {}",
        "E04-unreachable-endpoint-s3",
        _REACH,
    ),
    FailureRow(
        r'^Error: .*error (?:reading|loading) channel "(https?://[^"]+)"',
        errors.CloudUnavailable,
        "the file of the channel cannot be downloaded: {}",
        "E09h-no-image-no-channel-net",
        "check the way to the internet, or name a copy of that file with --channel=URL",
    ),
    FailureRow(
        r'^Error: .*(?:cannot determine hash for|error fetching) "(https?://[^"]+)"',
        errors.CloudUnavailable,
        "a file that kops needs cannot be downloaded: {}",
        "E15-no-assets-net",
        "check the way to the internet, or name a mirror (KOPS_BASE_URL, spec.assets)",
    ),
    FailureRow(
        r"^Error: .*(error doing DNS lookup for .*)",
        errors.CloudUnavailable,
        "a DNS zone cannot be looked up: {}",
        "S14-public-create",
        _REACH,
    ),
    FailureRow(
        r"^Error: .*?((?:dial tcp|dial udp|connect: |i/o timeout|TLS handshake timeout|no such host"
        r"|connection re(?:set|fused)|unexpected EOF|context deadline exceeded).*)",
        errors.CloudUnavailable,
        "the cloud or the state store does not answer: {}",
        "C06b-openstack-dryrun",
        _REACH,
    ),
)
