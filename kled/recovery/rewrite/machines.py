"""What machines are made of: images, types and instance profiles; and the account they are in."""

from collections.abc import Mapping, Sequence
from typing import Final

from kled.recovery.rewrite.draft import Draft, Path, matching
from kled.recovery.rewrite.sides import ACCOUNT_FIELDS, Sides
from kled.recovery.rewrite.target import InstanceProfiles

_IMAGE: Final[Path] = ("spec", "image")
_TYPE: Final[Path] = ("spec", "machineType")
_IMAGES: Final = (("spec", "image"), ("spec", "warmPool", "additionalImages", "*"))
_TYPES: Final = (("spec", "machineType"), ("spec", "mixedInstancesPolicy", "instances", "*"))
_OTHER_IMAGE: Final = "the image is another one there"
_OTHER_TYPE: Final = "the machine type is another one there"
_PROFILE: Final = "a profile that kops neither makes nor deletes keeps both sides apart"
_ACCOUNT: Final = "it is in another account"


def move_machines(groups: Sequence[Draft], sides: Sides) -> None:
    """Give groups the images, machine types and instance profiles of the new side."""
    target = sides.target
    for group in groups:
        _mapped(group, _IMAGES, target.images, _OTHER_IMAGE)
        _mapped(group, _TYPES, target.machine_types, _OTHER_TYPE)
        if group.owner in target.images:
            group.put(_IMAGE, target.images[group.owner], _OTHER_IMAGE)
        if group.owner in target.machine_types:
            group.put(_TYPE, target.machine_types[group.owner], _OTHER_TYPE)
        if isinstance(target.iam_isolation, InstanceProfiles):
            role = str(group.at("spec", "role"))
            group.put(("spec", "iam", "profile"), target.iam_isolation.by_role[role], _PROFILE)


def move_account(cluster: Draft, sides: Sides) -> None:
    """Name the new project or subscription where the definition names the old one."""
    field = ACCOUNT_FIELDS.get(sides.cloud)
    if field and cluster.at(*field) == sides.accounts[0]:
        cluster.put(field, sides.accounts[1], _ACCOUNT)


def _mapped(
    group: Draft, patterns: Sequence[tuple[str, ...]], new: Mapping[str, str], why: str
) -> None:
    for pattern in patterns:
        for path in list(matching(group.document, pattern)):
            value = group.at(*path)
            if isinstance(value, str) and value in new:
                group.put(path, new[value], why)
