"""A moto server that answers like AWS where kops depends on it: `python moto_patched.py PORT`.

Each patch is one function, applied once before the server starts; its docstring says what moto
does, what AWS does and what kops makes of the difference. `test_moto_patches.py` holds the answers.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from moto.autoscaling import models as autoscaling
from moto.autoscaling.exceptions import ValidationError
from moto.core.responses import ActionResult
from moto.core.types import Base64EncodedString
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS
from moto.ec2.models.key_pairs import KeyPairBackend
from moto.ec2.models.launch_templates import LaunchTemplate
from moto.ec2.models.subnets import SubnetBackend
from moto.ec2.models.vpcs import VPCBackend
from moto.ec2.responses.reserved_instances import ReservedInstances
from moto.ec2.responses.subnets import Subnets
from moto.elbv2 import models as elbv2

if TYPE_CHECKING:
    from collections.abc import Callable

_YEAR_SECONDS = 365 * 24 * 3600
_balancer_kind: ContextVar[str] = ContextVar("balancer_kind", default="app")


def _around(owner: Any, name: str, replacement: Callable[..., Any]) -> None:
    """Replace `owner.name` by `replacement(original, ...)`."""
    original = getattr(owner, name)
    setattr(owner, name, functools.wraps(original)(functools.partial(replacement, original)))


def _replace(owner: Any, name: str, value: Any) -> None:
    setattr(owner, name, value)


def _around_method(owner: Any, name: str, replacement: Callable[..., Any]) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return replacement(original, self, *args, **kwargs)

    setattr(owner, name, method)


def missing_group_has_no_warm_pool() -> None:
    """Moto answers 500 for the warm pool of a group that is absent; AWS says ValidationError."""

    def checked(original: Any, backend: Any, group_name: str, *args: Any, **kwargs: Any) -> Any:
        if group_name not in backend.autoscaling_groups:
            raise ValidationError(f"AutoScalingGroup name not found - '{group_name}' not found")
        return original(backend, group_name, *args, **kwargs)

    for verb in ("describe", "put", "delete"):
        _around_method(autoscaling.AutoScalingBackend, f"{verb}_warm_pool", checked)


def suspended_groups_launch_nothing() -> None:
    """Moto replaces a terminated machine though the group's Launch is suspended; AWS does not."""

    def replace(original: Any, group: Any, *args: Any, **kwargs: Any) -> Any:
        suspended = {one["ProcessName"] for one in group.suspended_processes}
        return None if "Launch" in suspended else original(group, *args, **kwargs)

    _around_method(autoscaling.FakeAutoScalingGroup, "replace_autoscaling_group_instances", replace)


def groups_want_no_more_than_they_may_have() -> None:
    """Moto keeps a desired capacity above a lowered MaxSize; AWS lowers it, too."""

    def update(original: Any, group: Any, *args: Any, **kwargs: Any) -> Any:
        done = original(group, *args, **kwargs)
        group.desired_capacity = min(group.desired_capacity, group.max_size)
        return done

    _around_method(autoscaling.FakeAutoScalingGroup, "update", update)


def target_groups_may_repeat_hyphens() -> None:
    """Moto refuses `--` in a name; kops' own 32 characters hold it for demo.k8s.local."""

    class LenientPatterns:
        """The module `re` without the rule against two hyphens."""

        def __getattr__(self, name: str) -> Any:
            return getattr(re, name)

        def match(self, pattern: str, text: str) -> re.Match[str] | None:
            return re.match(pattern.replace("(?!.*--)", ""), text)

    _replace(elbv2, "re", LenientPatterns())


def subnets_keep_their_private_dns_options() -> None:
    """Moto drops the host name type and the AAAA switch; kops then sees drift for ever."""

    def modify(original: Any, response: Any) -> Any:
        subnet = response.ec2_backend.get_subnet(response._get_param("SubnetId"))
        options = subnet.private_dns_name_options_on_launch
        hostname_type = response._get_param("PrivateDnsHostnameTypeOnLaunch")
        if hostname_type is not None:
            options["HostnameType"] = hostname_type
        aaaa = response._get_param("EnableResourceNameDnsAAAARecordOnLaunch.Value")
        if aaaa is not None:
            options["EnableResourceNameDnsAAAARecord"] = str(aaaa).lower() == "true"
        return original(response)

    _around_method(Subnets, "modify_subnet_attribute", modify)


def _openssh_blob(material: bytes) -> bytes:
    """The decoded second word of a public key line, which may itself arrive in base64."""
    line = material if material.startswith(b"ssh-") else base64.b64decode(material)
    return base64.b64decode(line.split()[1])


def ed25519_keys_have_openssh_fingerprints() -> None:
    """Moto hashes the DER form; AWS the OpenSSH blob, in padded base64. kops compares it."""

    def import_key(original: Any, backend: Any, *args: Any, **kwargs: Any) -> Any:
        pair = original(backend, *args, **kwargs)
        if pair.key_type == "ed25519":
            digest = hashlib.sha256(_openssh_blob(pair.material_public)).digest()
            pair.key_fingerprint = base64.b64encode(digest).decode()
        return pair

    _around_method(KeyPairBackend, "import_key_pair", import_key)


def deleted_subnets_leave_their_route_tables() -> None:
    """Moto keeps the association, so that kops' delete loops on DependencyViolation."""

    def delete(original: Any, backend: Any, subnet_id: str) -> Any:
        subnet = original(backend, subnet_id)
        for table in backend.route_tables.values():
            for association, member in list(table._associations.items()):
                if member == subnet_id:
                    del table._associations[association]
        return subnet

    _around_method(SubnetBackend, "delete_subnet", delete)


def network_balancers_have_their_own_arns() -> None:
    """Moto writes loadbalancer/app for every kind; seen in previews of deletions and in dumps."""

    def create(original: Any, backend: Any, *args: Any, **kwargs: Any) -> Any:
        token = _balancer_kind.set("net" if kwargs.get("loadbalancer_type") == "network" else "app")
        try:
            return original(backend, *args, **kwargs)
        finally:
            _balancer_kind.reset(token)

    def make_arn(original: Any, *args: Any, **kwargs: Any) -> str:
        arn: str = original(*args, **kwargs)
        return arn.replace("loadbalancer/app/", f"loadbalancer/{_balancer_kind.get()}/")

    _around_method(elbv2.ELBv2Backend, "create_load_balancer", create)
    _around(elbv2, "make_arn_for_load_balancer", make_arn)


def deleted_vpcs_leave_their_dhcp_options() -> None:
    """Moto deletes the options with the VPC; kops deletes them itself and loops on not-found."""

    def delete(original: Any, backend: Any, vpc_id: str) -> Any:
        vpc = backend.vpcs.get(vpc_id)
        if vpc is not None:
            backend.disassociate_dhcp_options(vpc)
        return original(backend, vpc_id)

    _around_method(VPCBackend, "delete_vpc", delete)


def group_members_show_the_version_they_run() -> None:
    """Moto shows the template's default version; kops would never find a node to update."""

    def start(original: Any, state: Any, *args: Any, **kwargs: Any) -> None:
        original(state, *args, **kwargs)
        template = state.auto_scaling_group.ec2_launch_template
        if template is not None and not hasattr(state.instance, "launched_version"):
            wanted = state.auto_scaling_group.launch_template_version
            state.instance.launched_version = str(template.get_version(wanted).number)

    def shown(state: Any) -> dict[str, str] | None:
        template = state.auto_scaling_group.ec2_launch_template
        if template is None:
            return None
        return {
            "LaunchTemplateId": template.id,
            "LaunchTemplateName": template.name,
            "Version": state.instance.launched_version,
        }

    _around_method(autoscaling.InstanceState, "__init__", start)
    _replace(autoscaling.InstanceState, "launch_template", property(shown))


def offerings_are_of_the_asked_type() -> None:
    """Moto has three fixed types; kops asks per type and zone to choose default machine types."""

    def describe(response: Any) -> ActionResult:
        machine_type = response._get_param("InstanceType")
        sold = INSTANCE_TYPE_OFFERINGS["availability-zone"].get(response.region, [])
        zones = sorted({o["Location"] for o in sold if o["InstanceType"] == machine_type})
        offerings = [_offering(machine_type, zone) for zone in zones]
        return ActionResult({"ReservedInstancesOfferings": offerings})

    _replace(ReservedInstances, "describe_reserved_instances_offerings", describe)


def _offering(machine_type: str, zone: str) -> dict[str, Any]:
    return {
        "ReservedInstancesOfferingId": f"{machine_type}.{zone}",
        "InstanceType": machine_type,
        "AvailabilityZone": zone,
        "ProductDescription": "Linux/UNIX (Amazon VPC)",
        "OfferingClass": "standard",
        "OfferingType": "No Upfront",
        "CurrencyCode": "USD",
        "Duration": _YEAR_SECONDS,
        "FixedPrice": 0.0,
        "UsagePrice": 0.0,
        "InstanceTenancy": "default",
        "Marketplace": False,
    }


def later_template_versions_can_be_launched() -> None:
    """Moto keeps the user data of versions 2 and up as text and dies on it: nodes never return."""

    def create(original: Any, template: Any, data: dict[str, Any], description: str) -> Any:
        text = data.get("UserData")
        if isinstance(text, str):
            data = data | {"UserData": Base64EncodedString(text)}
        return original(template, data, description)

    _around_method(LaunchTemplate, "create_version", create)


PATCHES: tuple[Callable[[], None], ...] = (
    missing_group_has_no_warm_pool,
    suspended_groups_launch_nothing,
    groups_want_no_more_than_they_may_have,
    target_groups_may_repeat_hyphens,
    subnets_keep_their_private_dns_options,
    ed25519_keys_have_openssh_fingerprints,
    deleted_subnets_leave_their_route_tables,
    network_balancers_have_their_own_arns,
    deleted_vpcs_leave_their_dhcp_options,
    group_members_show_the_version_they_run,
    offerings_are_of_the_asked_type,
    later_template_versions_can_be_launched,
)


def main(port: str) -> None:
    """Serve until SIGTERM."""
    from moto.server import main as serve

    for patch in PATCHES:
        patch()
    serve(["-H", "127.0.0.1", "-p", port])


if __name__ == "__main__":
    main(sys.argv[1])
