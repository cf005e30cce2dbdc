"""What machines boot from is looked at, and not taken for whole because it is there (F3)."""

from pathlib import Path

import pytest

from kled.kops.state_store import derived, layout

TREE = Path(__file__).parents[3] / "captures/kops/1.36.2/state-store-1cp-after-update"
CAPTURED = {
    path.relative_to(TREE).as_posix(): path.read_bytes()
    for path in TREE.rglob("*")
    if path.is_file()
}
CHANNEL = b"""\
kind: Addons
spec:
  addons:
  - manifest: limit-range.addons.k8s.io/v1.5.0.yaml
    manifestHash: 686cc69e559a1c6f5e8b94e38de54a575a25c432ed5ceec565244b965fb5f07f
  - manifest: dns-controller.addons.k8s.io/k8s-1.12.yaml
    manifestHash: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
"""
WHOLE = {
    **CAPTURED,
    "addons/bootstrap-channel.yaml": CHANNEL,
    "addons/dns-controller.addons.k8s.io/k8s-1.12.yaml": b"",
    "manifests/static/kube-apiserver-healthcheck.yaml": (
        b"kind: Pod\nmetadata:\n  name: kube-apiserver-healthcheck\n"
    ),
}
NAMED = [
    key
    for key, body in WHOLE.items()
    if layout.kind_of(key) == "derived" and body and "storage-aws" not in key
]


def test_what_kops_wrote_is_whole_the_empty_addon_too() -> None:
    assert derived.damage(WHOLE) == {}
    assert list(derived.told({})) == []


@pytest.mark.parametrize("part", [0, 2, 3], ids=["empty", "half", "two thirds"])
@pytest.mark.parametrize("key", NAMED)
def test_each_that_was_cut_off_is_named(key: str, part: int) -> None:
    cut = WHOLE[key][: len(WHOLE[key]) * (part - 1) // part] if part else b""

    damaged = derived.damage({**WHOLE, key: cut})

    assert list(damaged) == [key]
    assert next(derived.told(damaged)).startswith(f"{key} {damaged[key]}: machines that start")


@pytest.mark.parametrize("body", [b"\0\xff", b"[" * 10_000, b"a: &a [*a]\n", b"- a\n", b"a: {\n"])
@pytest.mark.parametrize("key", NAMED)
def test_whatever_stands_there_only_a_finding_comes_of_it(key: str, body: bytes) -> None:
    assert key in derived.damage({**WHOLE, key: body})


def test_objects_that_a_person_or_etcd_wrote_are_not_judged_here() -> None:
    others = {"config": b"", "secrets/admin": b"", "clusteraddons/default": b"", "notes": b""}

    assert derived.damage(others) == {}
