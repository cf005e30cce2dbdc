"""What may differ between a recording of kops and its simulation: eleven kinds of volatile tokens.

Each rule is one regular expression. All else must be equal: every word and number that an operator
would act on.
"""

import re
from collections.abc import Callable

Replacement = str | Callable[[re.Match[str]], str]

LEFT_OUT_TASKS = (
    "AutoscalingLifecycleHook|DHCPOptions|EBSVolume|ElasticIP|NatGateway|"
    "IAMInstanceProfile|IAMInstanceProfileRole|IAMRolePolicy|InternetGateway|"
    "NetworkLoadBalancerListener|Route|RouteTable|RouteTableAssociation|SecurityGroupRule|"
    "VPCAmazonIPv6CIDRBlock|VPCDHCPOptionsAssociation|WarmPool"
)
LEFT_OUT_TYPES = (
    "dhcp-options|elastic-ip|iam-instance-profile|internet-gateway|nat-gateway|route-table|volume"
)
"""The kinds of resources that the simulated cloud does not have: one row of docs/sandbox.md."""


def _sorted_map(match: re.Match[str]) -> str:
    return "{" + ", ".join(sorted(match[1].split(", "))) + "}"


RULES: dict[str, tuple[re.Pattern[str], Replacement]] = {
    "the simulation's own lines": (
        re.compile(
            r"^(?:\(simulated kops, no real cloud\)|W\d{4} .*factory\.go:152\] .*)\n", re.MULTILINE
        ),
        "",
    ),
    "klog's clock and process id": (
        re.compile(r"^([IWE])\d{4} [\d:.]+ +\d+ ", re.MULTILINE),
        r"\1 ",
    ),
    "kinds of resources that are left out": (
        re.compile(
            rf"^  (?:{LEFT_OUT_TASKS})/.*\n(?:  \t.*\n)*\n"
            rf"|^(?:\t?(?:{LEFT_OUT_TYPES}))[\t:].*\n",
            re.MULTILINE,
        ),
        "",
    ),
    "ids that a cloud gives": (
        re.compile(r"\b(i|vpc|subnet|sg|lt|key)-[0-9a-f]{17}\b"),
        r"\1-ID",
    ),
    "the tail of an ARN": (
        re.compile(r"(:(?:loadbalancer|targetgroup)/[\w/-]+)/[0-9a-f]{16}\b"),
        r"\1/ID",
    ),
    "where a queue's URL is": (
        re.compile(r"https?://[\w.:-]+/(?=123456789012/)"),
        "https://SQS/",
    ),
    "times of day": (
        re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
        "TIME",
    ),
    "the order of a map": (
        re.compile(r"\{([^{}\n\"]+: [^{}\n\"]*)\}"),
        _sorted_map,
    ),
    "addresses of machines": (
        re.compile(r"\b172\.20\.\d+\.\d+\b(?!/)"),
        "172.20.IP",
    ),
    "where the state store is": (
        re.compile(r"(?:s3://kled-\w+|/[\w./-]+/state)(?=/)"),
        "STORE",
    ),
    "the width of columns": (
        re.compile(r"(?<=\S)\t+"),
        "\t",
    ),
}


def normalise(text: str) -> str:
    """Apply every rule, in order."""
    for pattern, replacement in RULES.values():
        text = pattern.sub(replacement, text)
    return text
