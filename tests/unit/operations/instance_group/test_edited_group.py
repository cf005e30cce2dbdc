from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kled.errors import InvalidInput
from kled.models.version import KopsVersion
from kled.operations.cluster.field_names import require_names
from kled.operations.instance_group.edited_group import changes, parse, to_yaml

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20)
VALUES = st.recursive(
    TEXTS | st.integers(-(2**63), 2**64 - 1) | st.booleans() | st.just("two\nlines\n"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def group(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "kops.k8s.io/v1alpha2",
        "kind": "InstanceGroup",
        "metadata": {"name": "nodes", "labels": {"kops.k8s.io/cluster": "c.example.com"}},
        "spec": spec,
    }


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_what_is_written_for_an_editor_is_read_back_unchanged(spec: dict[str, Any]) -> None:
    stored = group(**spec)

    assert parse(to_yaml(stored), stored) == stored


def test_texts_of_several_lines_are_blocks() -> None:
    assert "  userData: |\n    a\n    b\n" in to_yaml(group(userData="a\nb\n"))


def test_what_is_no_object_is_told_where_to_get_the_stored_one() -> None:  # fault 25
    shown = "cluster: {kind: Cluster}\ngroups: []\n"  # as get-clusters shows it

    with pytest.raises(InvalidInput, match="apiVersion: is missing") as refused:
        parse(shown, group())

    assert refused.value.hint == (
        "begin with what is stored: kled kops get-clusters --name=c.example.com --output=json"
        """ | jq '.groups[] | select(.metadata.name == "nodes")'"""
    )


def test_only_comments_left_means_nothing_is_wanted() -> None:
    assert parse("# all gone\n", group()) is None


def test_broken_yaml_names_its_line() -> None:
    with pytest.raises(InvalidInput, match="line 3: is no YAML"):
        parse("a: 1\nb: [\n: :", group())


def test_a_key_that_stands_twice_is_refused_with_its_line() -> None:  # fault 63
    text = to_yaml(group(maxSize=2)) + "  maxSize: 3\n"

    with pytest.raises(InvalidInput, match="line 9: key 'maxSize' stands twice"):
        parse(text, group(maxSize=2))


def test_what_kops_printed_years_ago_is_taken() -> None:  # fault 12
    text = """\
apiVersion: kops/v1alpha2
kind: InstanceGroup
metadata:
  creationTimestamp: 2018-06-11T21:11:53Z
  labels:
    kops.k8s.io/cluster: c.example.com
  name: nodes
spec:
  maxSize: 4
"""
    edited = parse(text, group())

    assert edited is not None
    assert edited["metadata"]["creationTimestamp"] == "2018-06-11T21:11:53Z"
    assert changes(group(maxSize=2), edited) == ("spec.maxSize: 2 -> 4",)
    assert edited["apiVersion"] == "kops.k8s.io/v1alpha2"


def test_tags_that_look_like_something_else_stay_texts() -> None:  # fault 12
    tags = {"Backup": "Y", "account": "089012345678", "rack": "1e3", "y": "no"}

    written = to_yaml(group(cloudLabels=tags))

    assert (
        '    Backup: "Y"\n    account: "089012345678"\n    rack: "1e3"\n    "y": "no"\n' in written
    )


def test_a_value_that_kops_would_read_as_another_kind_shows_as_a_change() -> None:  # fault 12
    """A person took the quotes off: kops would read a boolean, and so does kled."""
    stored = group(cloudLabels={"Backup": "Y"})
    edited = parse(to_yaml(stored).replace('"Y"', "Y"), stored)

    assert edited is not None
    assert changes(stored, edited) == ("spec.cloudLabels.Backup: Y -> True",)


def test_a_bomb_in_an_editor_is_refused() -> None:  # faults 80, 92
    with pytest.raises(InvalidInput, match="nested more than 100 levels"):
        parse("a: " + "[" * 100_000, group())


@pytest.mark.parametrize("text", ["- a\n", "a: 1\n---\nb: 2\n", "text"])
def test_anything_but_one_object_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="must hold one object"):
        parse(text, group())


@pytest.mark.parametrize("old", ["InstanceGroup", "name: nodes", "c.example.com", "v1alpha2"])
def test_another_object_is_refused(old: str) -> None:
    with pytest.raises(InvalidInput, match="must stay"):
        parse(to_yaml(group()).replace(old, f"{old}x"), group())


def test_changes_are_named_with_their_values_and_counters_left_out() -> None:
    before = group(maxSize=2, taints=["a"], nodeLabels={"x": "1"})
    after = group(maxSize=3, nodeLabels={"x": "1", "y": "2"}, image=None)
    after["metadata"] = {**after["metadata"], "generation": 7}

    assert changes(before, after) == (
        "spec.maxSize: 2 -> 3",
        "spec.nodeLabels.y: (none) -> 2",
        "spec.taints: ['a'] -> (none)",
    )


def test_an_object_as_the_state_store_has_it_is_taken_without_its_label() -> None:
    stored = group(maxSize=2)
    bare = {**stored, "metadata": {"name": "nodes"}, "spec": {"maxSize": 3}}

    edited = parse(to_yaml(bare), stored)

    assert edited is not None
    assert changes(stored, edited) == ("spec.maxSize: 2 -> 3",)


@pytest.mark.parametrize(
    ("change", "field", "hint"),
    [
        ({"maxSiez": 3}, "spec.maxSiez", "did you mean spec.maxSize?"),
        ({"min_size": 3}, "spec.min_size", "did you mean spec.minSize?"),
        ({"volumes": [{"siez": 3}]}, "spec.volumes[0].siez", "did you mean spec.volumes[0].size?"),
    ],
)
def test_a_misspelled_field_is_named_with_the_right_name(
    change: dict[str, Any], field: str, hint: str
) -> None:  # fault 37
    stored = {"kind": "InstanceGroup", "spec": {"maxSize": 2, "odd": 1}}
    edited = {"kind": "InstanceGroup", "spec": {"maxSize": 2, "odd": 2, **change}}
    kops = SimpleNamespace(version=lambda: KopsVersion("1.36.2"))
    session: Any = SimpleNamespace(kops=kops)

    with pytest.raises(InvalidInput) as caught:
        require_names(session, "InstanceGroup", stored, edited)

    assert (caught.value.field, hint in str(caught.value.hint)) == (field, True)
    kops.version = lambda: KopsVersion("1.40.0")
    require_names(session, "InstanceGroup", stored, edited)  # a newer kops may know it


@pytest.mark.parametrize(
    ("change", "field", "problem"),
    [
        ({"maxSize": "many"}, "spec.maxSize", "is not a whole number"),
        ({"nodeLabels": ["a"]}, "spec.nodeLabels", "is no map"),
        ({"taints": "a=b:NoSchedule"}, "spec.taints", "is no list"),
    ],
)
def test_a_value_of_another_type_is_named(change: dict[str, Any], field: str, problem: str) -> None:
    """kops says: json: cannot unmarshal string into Go struct field InstanceGroupSpec…"""
    stored = {"kind": "InstanceGroup", "spec": {"maxSize": 2, "minSize": "odd"}}
    edited = {"kind": "InstanceGroup", "spec": {**stored["spec"], **change}}  # type: ignore[dict-item]
    session: Any = SimpleNamespace(kops=SimpleNamespace(version=lambda: KopsVersion("1.36.2")))

    with pytest.raises(InvalidInput, match=problem) as caught:
        require_names(session, "InstanceGroup", stored, edited)

    assert caught.value.field == field
    require_names(session, "InstanceGroup", stored, stored)  # what was there before is no news
