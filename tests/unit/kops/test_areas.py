"""Which changes somebody has to agree to."""

import pytest

from kled.kops.areas import areas_of, touched
from kled.models.plan import Change, Plan
from kled.rules import AREAS


@pytest.mark.parametrize(
    ("change", "areas"),
    [
        (Change("delete", "EBSVolume", "data.c.example.com"), ("deletions",)),
        (
            Change("delete", "EBSVolume", "a.etcd-main.c.example.com"),
            ("deletions", "control-plane"),
        ),
        (
            Change("modify", "LaunchTemplate", "control-plane-us-east-1a.masters.c"),
            ("control-plane", "machines"),
        ),
        (Change("modify", "LaunchTemplate", "nodes-us-east-1a.c"), ("machines",)),
        (Change("create", "Subnet", "us-east-1a.c"), ("networking",)),
        (Change("modify", "SecurityGroupRule", "x"), ("networking",)),
        (Change("modify", "IAMRolePolicy", "nodes.c"), ("iam",)),
        (Change("modify", "IAMRolePolicy", "masters.c"), ("control-plane", "iam")),
        (Change("modify", "ManagedFile", "c-addons-bootstrap"), ()),
    ],
    ids=lambda one: getattr(one, "name", None),
)
def test_a_change_is_about_its_areas(change: Change, areas: tuple[str, ...]) -> None:
    assert areas_of(change) == areas


def test_only_what_is_asked_about_is_told() -> None:
    plan = Plan("c", (Change("delete", "Subnet", "a"), Change("modify", "IAMRole", "nodes.c")))

    assert touched(plan, ("iam",)) == {"iam": ("modify IAMRole/nodes.c",)}
    assert set(touched(plan, AREAS)) == {"deletions", "networking", "iam"}
    assert touched(Plan("c", ()), AREAS) == {}
