"""What differs between the clouds that kops creates clusters on: credentials, defaults, zones.

Sources: captures C01b to C11, E05b, E09*, 20-dry-run-default-types, and kops 1.36.2
(new_cluster.go, populate_instancegroup_spec.go, aws_cloud.go, channels/stable).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kled.sandbox.context import Context, KopsFailure

DEFAULT_VERSION = "1.35.5"
"""What channels/stable recommends to kops 1.36.2 (captures 25-upgrade-preview and later)."""
_NOBLE = (1, 32)
_REGION_ZONES = {
    "us-east-1": "abcdef",
    "us-west-2": "abcd",
    "ap-northeast-1": "acd",
    "us-west-1": "ac",
}
_REGION = re.compile(
    r"(us|eu|ap|sa|ca|me|af|il|mx)-(north|south|east|west|central|northeast|southeast|northwest|southwest)-\d"
)
_ABSENT = {"t3": "e", "t2": "", "c5": "e", "c4": ""}
"""Zones of us-east-1 that lack an instance family (capture E09-invalid-zone)."""
_CANDIDATES = ("t3.medium", "c5.large", "c4.large")
_ARM = re.compile(r"^(a1|[a-z]+\d+g[a-z]*)\.")
_HETZNER_ZONES = ("fsn1", "nbg1", "hel1", "ash", "hil")
_IMDS = (
    "got an error while querying for valid regions (verify your AWS credentials?): operation "
    "error EC2: "
    "DescribeRegions, get identity: get credentials: failed to refresh cached credentials, no "
    "EC2 IMDS role "
    "found, operation error ec2imds: GetMetadata, access disabled to EC2 IMDS via client option, "
    "or "
    '"AWS_EC2_METADATA_DISABLED" environment variable'
)
_ADC = (
    "error building compute API client: error building compute API client: credentials: could "
    "not find default "
    "credentials. See https://cloud.google.com/docs/authentication/external/set-up-adc for more "
    "information"
)


@dataclass(frozen=True)
class Defaults:
    """A cloud's machine type and its images, before and since Kubernetes 1.32."""

    machine: str
    jammy: str
    noble: str


DEFAULTS = {
    "aws": Defaults(
        "t3.medium",
        "099720109477/ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-{arch}-server-20260410",
        "099720109477/ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-{arch}-server-20260218",
    ),
    "digitalocean": Defaults("s-2vcpu-4gb-amd", "ubuntu-22-04-x64", "ubuntu-24-04-x64"),
    "hetzner": Defaults("cx23", "ubuntu-22.04", "ubuntu-24.04"),
    "scaleway": Defaults("DEV1-M", "ubuntu_jammy", "ubuntu_noble"),
    "linode": Defaults("g6-standard-2", "linode/ubuntu22.04", "linode/ubuntu24.04"),
    "metal": Defaults("", "dummy-metal-image", "dummy-metal-image"),
    "gce": Defaults("e2-medium", "", "ubuntu-os-cloud/ubuntu-2404-noble-amd64-v20250606"),
    "azure": Defaults("Standard_B2s", "", "Canonical:ubuntu-24_04-lts:server:24.04.202507010"),
    "openstack": Defaults("", "", ""),
}


def default_image(cloud: str, version: str, machine: str) -> str:
    """Return the image that kops takes for a Kubernetes version and the machine's architecture."""
    defaults = DEFAULTS[cloud]
    numbers = tuple(int(part) for part in version.lstrip("v").split(".")[:2])
    template = defaults.noble if numbers >= _NOBLE else defaults.jammy
    return template.format(arch="arm64" if _ARM.match(machine) else "amd64")


def aws_zones(region: str) -> list[str]:
    """Return the zones of an AWS region of the simulated cloud; empty for a region that is none."""
    if not _REGION.fullmatch(region):
        return []
    return [region + letter for letter in _REGION_ZONES.get(region, "abc")]


def aws_region(zone: str) -> str:
    """Return the region that kops takes a zone to be in: all but the last letter."""
    return zone[:-1]


def aws_machine(ctx: Context, group: str, role: str, zones: list[str], region: str) -> str:
    """Return the first default machine type that all zones have; the region is the cluster's.

    Raises `KopsFailure`: none is (capture E09-invalid-zone); a region that does not exist first
    keeps the SDK busy for its 13 attempts (capture E09b-invalid-zone-format).
    """
    _require_region(ctx, region)
    if role == "Bastion":
        return "t3.micro"
    reasons = []
    for machine in _CANDIDATES:
        letters = _ABSENT[machine.split(".")[0]]
        offered = [
            z for z in aws_zones(region) if region != "us-east-1" or z[-1] not in (letters or "-")
        ]
        if set(zones) <= set(offered):
            return machine
        listed = " ".join(f"{zone}:{{}}" for zone in offered)
        reasons.append(
            f'instance type "{machine}" is not available in all zones (available in zones '
            f"map[{listed}], need [{' '.join(zones)}])"
        )
    reasons.append('instance type "t4g.medium" does not match image architecture "x86_64"')
    ctx.log("W", "aws_cloud.go:2221", "cannot find suitable instance type")
    for reason in reasons:
        ctx.log("W", "aws_cloud.go:2223", f"  *  {reason}")
    raise KopsFailure(
        f"could not find a suitable supported instance type for the instance group "
        f'"{group}" (type "{role}") in region "{region}"'
    )


def check_early(cloud: str, ctx: Context, zones: list[str], project: str) -> None:
    """Make the checks that kops makes while it builds the definition.

    Raises `KopsFailure`: unknown cloud (C10), Metal without its flag, OpenStack without its region
    (C06).
    """
    if cloud not in DEFAULTS:
        raise KopsFailure(f"unsupported cloud provider {cloud}")
    if cloud == "metal" and "Metal" not in _features(ctx.env):
        raise KopsFailure("bare-metal support requires the Metal feature flag to be enabled")
    if cloud == "openstack":
        _check_openstack(ctx.env)
    if cloud == "gce" and not project:
        text = "default google cloud project not set (try `gcloud config set project <name>`"
        ctx.log("W", "new_cluster.go:640", text)
    if cloud in {"digitalocean", "linode", "hetzner", "scaleway"} and len(zones) > 1:
        raise KopsFailure(_ONE_ZONE[cloud])


def check_credentials(ctx: Context, cloud: str, zones: list[str], project: str) -> None:
    """Make the checks that kops makes when it builds its client of the cloud.

    Raises `KopsFailure`: a variable is missing (C02, C04, C05, C07, C08, E05b), an unknown zone
    (C05d).
    """
    env = ctx.env
    if cloud == "aws":
        if not (env.get("AWS_ACCESS_KEY_ID") or env.get("AWS_PROFILE")):
            raise KopsFailure(_IMDS)
        _require_region(ctx, aws_region(zones[0]))
    for variable in _TOKENS.get(cloud, ()):
        if not env.get(variable):
            raise KopsFailure(f"error initializing {_SPOKEN[cloud]} cloud: {variable} is required")
    if cloud == "hetzner" and zones[0] not in _HETZNER_ZONES:
        known = ", ".join(_HETZNER_ZONES)
        raise KopsFailure(f'unknown zone "{zones[0]}" for hetzner cloud, known zones are {known}')
    if cloud == "scaleway":
        _check_scaleway(env)
    if cloud == "gce":
        _check_gce(env, project)


_TOKENS = {
    "digitalocean": ("DIGITALOCEAN_ACCESS_TOKEN",),
    "hetzner": ("HCLOUD_TOKEN",),
    "linode": ("LINODE_TOKEN",),
}
_SPOKEN = {"digitalocean": "digitalocean", "hetzner": "hetzner", "linode": "Linode (Akamai)"}
_ONE_ZONE = {
    "digitalocean": "digitalocean cloud provider currently supports one region only.",
    "linode": "linode cloud provider currently supports one region only",
    "hetzner": "hetzner cloud provider currently supports only one zone (location)",
    "scaleway": "scaleway cloud provider currently supports only one availability zone",
}


def _require_region(ctx: Context, region: str) -> None:
    if aws_zones(region):
        return
    ctx.sleep(300.0)
    host = f"ec2.{region}.amazonaws.com"
    raise KopsFailure(
        "got an error while querying for valid regions (verify your AWS credentials?): operation "
        "error EC2: "
        "DescribeRegions, exceeded maximum number of attempts, 13, https response error "
        "StatusCode: 0, "
        f'RequestID: , request send failed, Post "https://{host}/": dial tcp: lookup {host}: no '
        "such host"
    )


def _check_scaleway(env: Mapping[str, str]) -> None:
    needed = ("SCW_ACCESS_KEY", "SCW_SECRET_KEY", "SCW_DEFAULT_PROJECT_ID")
    missing = ", ".join(f"{name} has to be set" for name in needed if not env.get(name))
    if missing:
        raise KopsFailure(
            f"error initializing Scaleway cloud: [{missing}] in a Scaleway profile or as an "
            "environment variable"
        )


def _check_gce(env: Mapping[str, str], project: str) -> None:
    if not project:
        raise KopsFailure("project is required for GCE - try gcloud config get-value project")
    if not env.get("GOOGLE_APPLICATION_CREDENTIALS"):
        raise KopsFailure(_ADC)


def _check_openstack(env: Mapping[str, str]) -> None:
    if not env.get("OS_REGION_NAME"):
        raise KopsFailure(
            "error finding openstack region: region not provided in OS_REGION_NAME or openstack "
            "config section GLOBAL"
        )
    url = env.get("OS_AUTH_URL", "")
    host = url.partition("://")[2].partition("/")[0]
    raise KopsFailure(
        f'error building openstack authenticated client: Post "{url}/auth/tokens": dial tcp '
        f"{host}: "
        "connect: connection refused"
    )


def _features(env: Mapping[str, str]) -> set[str]:
    return {word.lstrip("+") for word in env.get("KOPS_FEATURE_FLAGS", "").split(",")}
