"""Fault 31: whoever looks at a plan sees from which value to which, in lines that can be read."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kled.kops.preview import update_plan
from kled.models.plan import Change, Plan
from kled.models.plan_changes import describe, differences
from kled.models.plan_values import LONGEST, shown, values

CAPTURES = Path(__file__).parents[2] / "captures" / "kops" / "1.36.2"
C = "c.example.com"


def captured(name: str) -> dict[str, tuple[str, ...]]:
    """Return the lines below each change of a preview that the real kops printed."""
    plan = update_plan(C, (CAPTURES / name / "stdout").read_text())
    return {f"{one.change.kind}/{one.change.name}": one.lines for one in shown(plan)}


def modified(**fields: str) -> tuple[str, ...]:
    return values(Change("modify", "Thing", "a", fields))


def test_what_kops_would_modify_is_said_with_the_old_and_the_new_value() -> None:
    told = captured("31-update-preview-modified")

    assert told["AutoscalingGroup/nodes-us-east-1a.demo.k8s.local"] == ("MaxSize: 2 -> 4",)
    assert told["LaunchTemplate/nodes-us-east-1a.demo.k8s.local"] == (
        "InstanceType: t3.medium -> m5.large",
    )
    assert told["ManagedFile/cluster-completed.spec"] == ("Contents:", "  +   generation: 2")


def test_of_a_text_the_old_line_comes_before_the_new_one() -> None:
    told = captured("37-reconcile-cluster")

    assert told["ManagedFile/nodeupconfig-nodes-us-east-1a"] == (
        "Contents:",
        '  -   kubernetes-ca: "7711379501247132691500609812"',
        '  +   kubernetes-ca: "7711381307171270336054689080"',
    )


def test_of_a_long_text_both_sides_are_there_and_the_rest_is_counted() -> None:
    lines = captured("37-reconcile-cluster")["ManagedFile/nodeupconfig-control-plane-us-east-1a"]

    signs = [line.strip()[0] for line in lines[1:-1]]
    assert (signs.count("-"), signs.count("+")) == (6, 6)
    assert lines[-1] == "  549 more lines in --output=json"


def test_the_insides_of_certificates_are_counted_and_not_shown() -> None:
    name = "LaunchTemplate/nodes-us-east-1a.demo.k8s.local"

    lines = captured("37-reconcile-cluster")[name]

    assert "  +     -----BEGIN CERTIFICATE-----" in lines
    assert not any("MIIDRjCC" in line for line in lines)
    assert lines[-1] == "  34 more lines in --output=json"


def test_of_a_map_only_the_entries_that_differ_are_shown() -> None:
    (tags,) = captured("N-nl-bare-prev")["AutoscalingGroup/nodes-us-east-1a.l.example.com"]

    label = "k8s.io/cluster-autoscaler/node-template/label/kops.k8s.io/instancegroup"
    assert tags == f"Tags: {{{label}: nodes-us-east-1a}} -> {{}} (7 the same)"


def test_a_long_value_is_cut_where_nothing_differs() -> None:
    long = "x" * 500

    (line,) = modified(Image=f"{long}old{long} -> {long}new{long}")

    old, _, new = line.removeprefix("Image: ").partition(" -> ")
    assert old.startswith(f"…{'x' * 24}old")
    assert new.startswith(f"…{'x' * 24}new")
    assert old.endswith("… (437 more characters)")


@given(st.text(max_size=400), st.text(max_size=400))
def test_two_values_that_differ_are_shown_as_two_that_differ(old: str, new: str) -> None:
    text = f"{old} -> {new}"
    if old == new or "\n" in text or text.count(" -> ") > 1 or "{" in text:
        return

    (line,) = modified(Field=text)

    shown_old, _, shown_new = line.removeprefix("Field: ").partition(" -> ")
    assert shown_old != shown_new
    assert len(line) < 4 * LONGEST


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=3000), max_size=40))
def test_no_change_is_longer_than_a_screen(fields: dict[str, str]) -> None:
    lines = values(Change("modify", "Thing", "a", fields))

    assert len(lines) <= 12 * 14 + 1
    assert all(len(line) < 4 * LONGEST for line in lines)


def test_secrets_are_gone_before_anything_is_cut() -> None:
    planted = "p" * (LONGEST - 10)
    change = Change(
        "modify", "Thing", "a", {"Key": f"{planted}SECRET-VALUE -> b", "Id": "AKIA" + 16 * "A"}
    )

    lines = values(change, lambda text: text.replace("SECRET-VALUE", "[redacted]"))

    assert "SECRET" not in " ".join(lines)
    assert lines[1] == "Id: [redacted]"


def test_new_resources_show_their_values_unless_there_are_hundreds() -> None:
    rule = Change("create", "SecurityGroupRule", "https", {"CIDR": "0.0.0.0/0", "ToPort": "443"})
    many = tuple(Change("create", "Subnet", str(n), {"CIDR": "10/8"}) for n in range(100))

    assert shown(Plan(C, (rule,)))[0].lines == ("CIDR: 0.0.0.0/0", "ToPort: 443")
    assert {one.lines for one in shown(Plan(C, many))} == {()}


def test_a_plan_of_many_changes_counts_what_it_leaves_out() -> None:
    changes = tuple(Change("modify", "T", str(n), {"A": "1 -> 2", "B": "1 -> 2"}) for n in range(9))

    told = shown(Plan(C, changes), most=3)

    assert told[0].lines == ("A: 1 -> 2", "B: 1 -> 2")
    assert told[1].lines == ("A: 1 -> 2", "1 more line in --output=json")
    assert told[2].lines == ("2 more lines in --output=json",)


def test_a_plan_of_what_is_wanted_alone_shows_what_was_before() -> None:
    bounds = Change("modify", "Machines", "nodes", {"minSize": "3"}, {"minSize": "2"})
    same = Change("modify", "Machines", "nodes", {"minSize": "3"}, {"minSize": "3"})

    assert values(bounds) == ("minSize: 2 -> 3",)
    assert bounds == same
    assert Plan(C, (bounds,)).digest == Plan(C, (same,)).digest  # a half-done scaling is the same
    assert bounds.as_json()["before"] == {"minSize": "2"}


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ({"Type": "a -> c"}, "modify T/x (Type a -> c; approved: Type a -> b)"),
        ({"Type": "a -> b", "Size": "1 -> 2"}, "modify T/x (Size 1 -> 2; approved: not at all)"),
        ({}, "modify T/x (approved: Type a -> b)"),
    ],
)
def test_a_plan_that_is_not_the_approved_one_says_both_values(
    now: dict[str, str], words: str
) -> None:
    approved = Plan(C, (Change("modify", "T", "x", {"Type": "a -> b"}),))

    said = differences(approved, Plan(C, (Change("modify", "T", "x", now),)))

    assert said == (f"otherwise: {words}",)


def test_a_change_is_described_with_its_values_in_one_line() -> None:
    text = "\n...\n+ new\n- old\n..."
    change = Change("modify", "T", "x", {"A": "1 -> 2", "B": text, "C": "3", "D": "4", "E": "5"})

    assert describe(change) == "modify T/x (A 1 -> 2, B in 2 lines, C 3, 2 more)"
