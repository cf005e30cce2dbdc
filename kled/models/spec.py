"""What somebody asks for when they create a cluster: one declaration for all who ask.

The command line's options, the form in Prefect's UI and kops' argv all come from `ClusterSpec`.
Imports pydantic: nothing that only reads may import this module.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from kled.errors import InvalidInput
from kled.models.clouds import CLOUDS
from kled.models.counts import MOST
from kled.models.problems import plain
from kled.models.spec_form import Odd, Text, Texts, Zones, listed, text, title, zone_patterns
from kled.models.version import kubernetes_version
from kled.models.zones import cloud_of, example_zone, is_zone_of

CloudName = Literal["aws", "gce", "azure", "digitalocean", "hetzner", "openstack", "scaleway"]
Networking = Literal[
    "cilium", "cilium-etcd", "calico", "amazonvpc", "flannel", "flannel-vxlan", "flannel-udp",
    "kube-router", "kubenet", "kindnet", "cni", "external",
]  # fmt: skip

_LABEL: Final = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_DOMAIN: Final = rf"^{_LABEL}(\.{_LABEL})+$"
_NAME: Final = re.compile(rf"{_LABEL}(\.{_LABEL})+")
_VERSION: Final = (
    r"^(v?\d{1,9}\.\d{1,9}\.\d{1,9}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?|https?://\S+)$"
)
_LONGEST_NAME: Final = 253
_PATH: Final = re.compile(r"[A-Za-z][^=\r\n]*")
"""Which fields there are, `kled.kops.fields.flags` says; keys of maps hold any sign."""


def _cluster_name(value: str) -> str:
    if _NAME.fullmatch(value) is None or len(value) > _LONGEST_NAME:
        raise ValueError(
            f"{value!r} is not a domain name: small letters, digits, dashes and at least one dot,"
            " for example demo.k8s.local or demo.example.com"
        )
    return value


def _cloud(value: object) -> object:
    known = CLOUDS.get(str(value))
    if known is not None and known.refused:
        raise ValueError(f"{value} is not supported: {known.refused}")
    return value


def _version(value: str) -> str:
    if kubernetes_version(value) is None and not value.startswith(("https://", "http://")):
        raise ValueError(f"{value!r} is not a version: give all three numbers, for example 1.36.0")
    return value.removeprefix("v")


def _assignments(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        field, equals, _ = value.partition("=")
        if not equals or _PATH.fullmatch(field) is None:
            raise ValueError(
                f"{value!r} sets nothing: write FIELD=VALUE, for example spec.kubelet.maxPods=90"
            )
    return values


def _labels(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        key, equals, _ = value.partition("=")
        if not equals or not key.strip() or any(sign in value for sign in ',"\n'):
            raise ValueError(f"{value!r} is not a label: write KEY=VALUE, without commas or quotes")
    return values


_FORM_OF_CLOUD: Final = WithJsonSchema(
    {"anyOf": [{"type": "string", "enum": list(get_args(CloudName))}, {"type": "null"}]}
)
_UNKNOWN: Final[CloudName] = "aws"
"""The cloud of zones that no cloud's names tell, as kops has it."""


class ClusterSpec(BaseModel):
    """A cluster to be created; what is left out is kops' own default.

    Of the extra data of each field, `position` orders the form, `cloud` is the one cloud that has
    it, and `commas` is False where values may hold commas.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        field_title_generator=lambda name, _field: title(name),
        json_schema_extra=zone_patterns("zones", "control_plane_zones"),
    )

    name: Annotated[str, AfterValidator(_cluster_name), text(_DOMAIN, _LONGEST_NAME)] = Field(
        description="Name of the cluster: a domain name; *.k8s.local needs no DNS zone",
        json_schema_extra={"position": 1},
    )
    cloud: Annotated[CloudName, BeforeValidator(_cloud), _FORM_OF_CLOUD] = Field(
        default_factory=lambda: _UNKNOWN,  # no default in the form: it would always be sent
        description="Cloud provider; left out, it is inferred from the zones",
        json_schema_extra={"position": 2},
    )
    zones: Zones = Field(
        min_length=1,
        description="Zones for the nodes, and for the control plane unless it has its own",
        json_schema_extra={"position": 3},
    )
    node_count: int | None = Field(
        default=None,
        ge=1,
        le=MOST,
        description="Worker nodes in all; kops gives each zone one",
        json_schema_extra={"position": 4},
    )
    node_size: Text | None = Field(
        default=None,
        description="Machine type of the worker nodes",
        json_schema_extra={"position": 5},
    )
    control_plane_count: Odd | None = Field(
        default=None,
        description="Control-plane nodes: an odd number, for etcd's quorum",
        json_schema_extra={"position": 7},
    )
    control_plane_zones: Zones = Field(
        default=(),
        description="Zones for the control plane",
        json_schema_extra={"position": 8},
    )
    control_plane_size: Text | None = Field(
        default=None,
        description="Machine type of the control-plane nodes",
        json_schema_extra={"position": 9},
    )
    kubernetes_version: Annotated[str, AfterValidator(_version), text(_VERSION)] | None = Field(
        default=None,
        description="Kubernetes version, for example 1.36.0; the channel's recommendation if empty",
        json_schema_extra={"position": 12},
    )
    image: Text | None = Field(
        default=None,
        description="Machine image for all instances",
        json_schema_extra={"position": 11},
    )
    networking: Networking | None = Field(
        default=None,
        description="Pod network; kops takes cilium",
        json_schema_extra={"position": 14},
    )
    topology: Literal["public", "private"] | None = Field(
        default=None,
        description="Whether machines get public addresses",
        json_schema_extra={"position": 15},
    )
    dns: Literal["public", "private", "none"] | None = Field(
        default=None,
        description="Where the API's name is published",
        json_schema_extra={"position": 16},
    )
    dns_zone: Text | None = Field(
        default=None,
        description="DNS zone; kops takes the longest that matches the name",
        json_schema_extra={"position": 17},
    )
    network_id: Text | None = Field(
        default=None,
        description="Existing network or VPC to use",
        json_schema_extra={"position": 18},
    )
    network_cidr: Text | None = Field(
        default=None,
        description="Address range of a new network",
        json_schema_extra={"position": 19},
    )
    subnets: Texts = Field(
        default=(),
        description="Existing subnets to use",
        json_schema_extra={"position": 20},
    )
    utility_subnets: Texts = Field(
        default=(),
        description="Existing utility subnets to use",
        json_schema_extra={"position": 21},
    )
    admin_access: Texts = Field(
        default=(),
        description="Address ranges that may reach the API; everybody if empty",
        json_schema_extra={"position": 23},
    )
    ssh_access: Texts = Field(
        default=(),
        description="Address ranges that may reach SSH; those of the API if empty",
        json_schema_extra={"position": 24},
    )
    ssh_public_key: Path | None = Field(
        default=None,
        description="File with the SSH public key for the machines",
        json_schema_extra={"position": 25},
    )
    bastion: bool = Field(
        default=False,
        description="Add a bastion; needs topology private",
        json_schema_extra={"position": 26},
    )
    api_loadbalancer_type: Literal["public", "internal"] | None = Field(
        default=None,
        description="Load balancer in front of the API",
        json_schema_extra={"position": 22},
    )
    node_volume_size: int | None = Field(
        default=None,
        ge=1,
        le=MOST,
        description="Disk of the worker nodes in GB",
        json_schema_extra={"position": 6},
    )
    control_plane_volume_size: int | None = Field(
        default=None,
        ge=1,
        le=MOST,
        description="Disk of the control-plane nodes in GB",
        json_schema_extra={"position": 10},
    )
    project: Text | None = Field(
        default=None,
        description="Google Cloud project; needed on gce",
        json_schema_extra={"position": 27, "cloud": "gce"},
    )
    azure_subscription_id: Text | None = Field(
        default=None,
        description="Azure subscription",
        json_schema_extra={"position": 28, "cloud": "azure"},
    )
    azure_tenant_id: Text | None = Field(
        default=None,
        description="Azure tenant",
        json_schema_extra={"position": 29, "cloud": "azure"},
    )
    azure_resource_group_name: Text | None = Field(
        default=None,
        description="Azure resource group; made if it is not there",
        json_schema_extra={"position": 30, "cloud": "azure"},
    )
    os_ext_net: Text | None = Field(
        default=None,
        title="OS external network",
        description="OpenStack network to the outside, for the router",
        json_schema_extra={"position": 31, "cloud": "openstack"},
    )
    labels: Annotated[tuple[str, ...], AfterValidator(_labels)] = Field(
        default=(),
        description="Labels (KEY=VALUE) for the cloud's resources",
        json_schema_extra={"position": 32},
    )
    channel: Text | None = Field(
        default=None,
        description="Channel with default versions and images: stable, alpha, a URL or a path",
        json_schema_extra={"position": 13},
    )
    set: Annotated[tuple[str, ...], AfterValidator(_assignments)] = Field(
        default=(),
        description="Fields of the cluster to set, named as in -o yaml (FIELD=VALUE)",
        json_schema_extra={"position": 33, "commas": False},
    )
    unset: Texts = Field(
        default=(),
        description="Fields of the cluster to leave out",
        json_schema_extra={"position": 34},
    )

    @model_validator(mode="before")
    @classmethod
    def _infer_cloud(cls, values: Any) -> Any:  # noqa: ANN401 - whatever was given
        """Fill in the cloud that the first zone can only belong to."""
        if not isinstance(values, Mapping) or values.get("cloud"):
            return values
        zones = listed(values.get("zones") or ())
        first = zones[0] if isinstance(zones, list | tuple) and zones else None
        inferred = cloud_of(first) if isinstance(first, str) else None
        return {**values, "cloud": inferred or _UNKNOWN}

    @model_validator(mode="after")
    def _agree(self) -> Self:
        """Check what no field can check alone; the message starts with the field's name."""
        for field in ("zones", "control_plane_zones"):
            for zone in getattr(self, field):
                _check_zone(field, zone, self.cloud)
        _check_belongings(self)
        _check_odd(self.control_plane_count, self.control_plane_zones)
        if self.cloud == "gce" and not self.project:
            raise ValueError("project: gce needs the Google Cloud project")
        if self.bastion and self.topology != "private":
            raise ValueError("bastion: only clusters of topology private have one")
        return self

    def given(self) -> Iterator[tuple[str, Any]]:
        """Yield the fields that say something with their values, in the form's order."""
        for name, _ in sorted(_extras().items(), key=lambda item: item[1]["position"]):
            value = getattr(self, name)
            if value not in (None, (), False):
                yield name, value


def parse_spec(values: Mapping[str, object], *, name_of: Callable[[str], str] = str) -> ClusterSpec:
    """Return the spec for what somebody typed; raise `InvalidInput` naming the first bad field.

    Values that are None count as left out. `name_of` spells a field as the reader knows it, for
    example `--node-count`; the other bad fields stand in the hint.
    """
    try:
        return ClusterSpec(**{name: value for name, value in values.items() if value is not None})
    except ValidationError as error:
        named = [_problem(each) for each in error.errors()]
        problems = [(name_of(field), message) for field, message in named]
        more = "; ".join(f"{field} {message}" for field, message in problems[1:])
        raise InvalidInput(*problems[0], hint=f"also {more}" if more else None) from error


def _problem(error: Any) -> tuple[str, str]:  # noqa: ANN401 - pydantic's ErrorDetails
    """Return the field and the message of one of pydantic's errors."""
    message = plain(error)
    if error["loc"]:
        return str(error["loc"][0]), message[:1].lower() + message[1:]
    field, _, rest = message.partition(": ")
    return field, rest


def _extras() -> dict[str, dict[str, Any]]:
    return {
        name: dict(field.json_schema_extra)
        for name, field in ClusterSpec.model_fields.items()
        if isinstance(field.json_schema_extra, dict)
    }


def _check_zone(field: str, zone: str, cloud: str) -> None:
    if is_zone_of(zone, cloud):
        return
    other = cloud_of(zone)
    looks = f"; it looks like one of {other}: name that cloud" if other else ""
    raise ValueError(
        f"{field}: {zone!r} is not a zone of {cloud}, where they look like"
        f" {example_zone(cloud)}{looks}"
    )


def _check_odd(count: int | None, zones: tuple[str, ...]) -> None:
    """Refuse an even number of members: it adds nothing to etcd's quorum (capture E09d)."""
    if count is not None and count % 2 == 0:
        raise ValueError(
            f"control_plane_count: {count} is even: etcd needs an odd number for its quorum"
        )
    if count is None and zones and len(zones) % 2 == 0:
        raise ValueError(
            "control_plane_zones: an even number of zones gives an even number of control-plane"
            " nodes: name one zone more or less, or an odd control_plane_count"
        )


def _check_belongings(spec: ClusterSpec) -> None:
    """Refuse options of another cloud."""
    for name, extra in _extras().items():
        owner = extra.get("cloud")
        if owner and owner != spec.cloud and getattr(spec, name) is not None:
            raise ValueError(f"{name}: only {owner} has it, and the cloud is {spec.cloud}")
