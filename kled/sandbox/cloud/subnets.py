"""How kops cuts a network into subnets (kops 1.36.2, subnets.go; capture 50-ha-create)."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from kled.sandbox.context import Context, KopsFailure

_LITTLE_BITS = 3
_LINES = {"little": 205, "big": 224}
"""Where in kops' source each is told (B-create)."""


def assign_cidrs(ctx: Context, spec: dict[str, Any]) -> None:
    """Give each subnet without a CIDR its part of the network, in place and with kops' log lines.

    Raises `KopsFailure`: the network's CIDR is none, or too small.
    """
    if all(_settled(subnet) for subnet in spec["subnets"]):
        return
    try:
        network = ip_network(spec["networkCIDR"])
    except ValueError as error:
        raise KopsFailure(
            f'error populating configuration: Invalid NetworkCIDR: "{spec["networkCIDR"]}"'
        ) from error
    inside = sorted(
        (s for s in spec["subnets"] if "cidr" not in s or _within(s["cidr"], network)),
        key=lambda subnet: subnet.get("zone", ""),
    )
    big = [subnet for subnet in inside if subnet["type"] != "Utility"]
    little = [subnet for subnet in inside if subnet["type"] == "Utility"]
    blocks = _free(network, inside, len(big) + bool(little))
    if little:
        _hand_out(ctx, little, list(blocks.pop(0).subnets(prefixlen_diff=_LITTLE_BITS)), "little")
    _hand_out(ctx, [s for s in big if not _settled(s)], blocks, "big")


def _free(
    network: IPv4Network | IPv6Network, subnets: list[dict[str, Any]], needed: int
) -> list[Any]:
    bits = 0 if needed <= 1 else 1 if needed <= 2 else 2 if needed <= 4 else 3  # noqa: PLR2004 - kops cuts into 1, 2, 4 or 8
    taken = [ip_network(subnet["cidr"]) for subnet in subnets if "cidr" in subnet]
    free = [
        block
        for block in network.subnets(prefixlen_diff=bits)
        if not any(block.overlaps(other) for other in taken)
    ]
    if not free:
        raise KopsFailure(
            "error populating configuration: could not find any non-overlapping CIDRs in parent "
            "NetworkCIDR; "
            "cannot automatically assign CIDR to subnet"
        )
    return free


def _hand_out(ctx: Context, subnets: list[dict[str, Any]], blocks: list[Any], size: str) -> None:
    for subnet in subnets:
        if "cidr" in subnet:
            continue
        if not blocks:
            raise KopsFailure(
                f"error populating configuration: insufficient ({size}) CIDRs remaining for "
                "automatic CIDR "
                f'allocation to subnet "{subnet["name"]}"'
            )
        subnet["cidr"] = str(blocks.pop(0))
        line = _LINES[size]
        ctx.log(
            "I", f"subnets.go:{line}", f"Assigned CIDR {subnet['cidr']} to subnet {subnet['name']}"
        )


def _settled(subnet: dict[str, Any]) -> bool:
    return "cidr" in subnet or ("ipv6CIDR" in subnet and subnet["type"] == "Private")


def _within(cidr: str, network: IPv4Network | IPv6Network) -> bool:
    return ip_network(cidr, strict=False).network_address in network
