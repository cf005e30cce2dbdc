"""What `--set` and `--unset` make of an object, as kops does it (reflectutils/access.go)."""

from typing import Any

import pytest

from kled.kops.fields.edited_fields import edited

OBJECT = {"spec": {"subnets": ["a"], "size": "1", "members": [{"name": "a"}, {"name": "b"}]}}
CASES: list[tuple[tuple[str, ...], tuple[str, ...], dict[str, Any]]] = [
    (("spec.size=2",), (), {"size": "2"}),
    (("spec.subnets=b,c",), (), {"subnets": ["a", "b", "c"]}),
    (("spec.subnets=b",), ("spec.subnets",), {"subnets": ["b"]}),
    (("spec.zones=z",), (), {"zones": ["z"]}),
    (("spec.subnets[0]=b",), (), {"subnets": ["b"]}),
    (("spec.subnets[1]=b",), (), {"subnets": ["a", "b"]}),
    (("spec.subnets[2]=b",), (), {}),
    (("spec.subnets[*]=b",), (), {"subnets": ["b"]}),
    (("spec.members[*].name=c",), (), {"members": [{"name": "c"}, {"name": "c"}]}),
    (("spec/members[ 1 ].name=c",), (), {"members": [{"name": "a"}, {"name": "c"}]}),
    (("spec.members[2].name=c",), (), {"members": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}),
    (("spec.members[7].name=c",), (), {}),
    (("spec.new[0].name=c",), (), {"new": [{"name": "c"}]}),
    (("spec.new.name=c",), (), {"new": {"name": "c"}}),
    (("spec.size.name=c", "spec.size[0]=c", "spec.size.a.b=c"), (), {}),
    ((), ("spec.members[0].name",), {"members": [{}, {"name": "b"}]}),
    ((), ("spec.nothing", ""), {}),
]


@pytest.mark.parametrize(("sets", "unsets", "changed"), CASES)
def test_an_edited_object_has_what_kops_would_store(
    sets: tuple[str, ...], unsets: tuple[str, ...], changed: dict[str, Any]
) -> None:
    before = {"spec": dict(OBJECT["spec"])}

    after = edited(before, sets, unsets)

    assert after == {"spec": OBJECT["spec"] | changed}
    assert before == OBJECT
