from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kled.errors import InvalidInput
from kled.operations.edited_group import changes, parse, to_yaml

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20)
VALUES = st.recursive(
    TEXTS | st.integers() | st.booleans() | st.just("two\nlines\n"),
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


def test_only_comments_left_means_nothing_is_wanted() -> None:
    assert parse("# all gone\n", group()) is None


def test_broken_yaml_names_its_line() -> None:
    with pytest.raises(InvalidInput, match="line 3: is no YAML"):
        parse("a: 1\nb: [\n: :", group())


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
