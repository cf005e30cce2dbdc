from types import SimpleNamespace
from typing import Any

import pytest

from kled.errors import NotApproved, ResourceNotFound
from kled.models.credential import Keypair
from kled.models.plan import Change, Plan
from kled.models.rolling import RollingPlan, RollingRow
from kled.operations.credentials.rotate_keypairs import RotateKeypairs, open_keysets, plan
from kled.operations.step import attempt
from tests.fake_kops import FakeKops

CLUSTER = "c.example.com"
CA, SA = "kubernetes-ca", "service-account"
PENDING = Plan(CLUSTER, (Change("modify", "LaunchTemplate", "nodes"),))
WAITING = RollingPlan(CLUSTER, (RollingRow("nodes", "NeedsUpdate", 2, 0, 2, 2, 2),))


class Keys(FakeKops):
    """Keypairs as kops keeps them: ids rise, the newest may be promoted, older ones distrusted."""

    def __init__(self) -> None:
        self.keypairs: dict[str, list[list[Any]]] = {
            CA: [["1", True, ""]],
            SA: [["2", True, ""]],
        }
        self.update = Plan(CLUSTER, ())
        self.rolling = RollingPlan(CLUSTER, ())
        self.calls: list[tuple[str, ...]] = []

    def credentials_list_keypairs(self, _name: str) -> tuple[Keypair, ...]:
        return tuple(
            Keypair(name, id, primary, "CN", "", "", has_private_key=True, distrusted=when)
            for name, found in self.keypairs.items()
            for id, primary, when in found  # noqa: A001 - kops' word
        )

    def cluster_preview_update(self, _name: str) -> Plan:
        return self.update

    def cluster_preview_rolling_update(self, _name: str, _roll: object) -> RollingPlan:
        return self.rolling

    def credentials_create_keypair(self, _name: str, keyset: str) -> None:
        self.calls.append(("create", keyset))
        for found in self._chosen(keyset):
            found.append([f"{len(self.calls)}0", False, ""])

    def credentials_promote_keypair(self, _name: str, keyset: str) -> None:
        self.calls.append(("promote", keyset))
        for found in self._chosen(keyset):
            for number, one in enumerate(reversed(found)):
                one[1] = number == 0

    def credentials_distrust_keypair(self, _name: str, keyset: str) -> None:
        self.calls.append(("distrust", keyset))
        for found in self._chosen(keyset):
            for one in found:
                one[2] = "" if one[1] else "2026-11-23"

    def _chosen(self, keyset: str) -> list[list[list[Any]]]:
        return list(self.keypairs.values()) if keyset == "all" else [self.keypairs[keyset]]


@pytest.fixture
def keys() -> Keys:
    return Keys()


def do(keys: Keys, rotation: RotateKeypairs) -> str:
    session: Any = SimpleNamespace(kops=keys, check=lambda: None)
    _, step = rotation.steps()
    return attempt(step, session)


def test_the_three_phases_in_order_leave_one_new_trusted_keypair_each(keys: Keys) -> None:
    for phase in ("create", "promote", "distrust"):
        do(keys, RotateKeypairs(CLUSTER, phase))

    trusted = [one for one in keys.credentials.list_keypairs(CLUSTER) if not one.distrusted]
    assert [(one.name, one.primary) for one in trusted] == [(CA, True), (SA, True)]
    assert {one.id for one in trusted}.isdisjoint({"1", "2"})
    assert keys.calls == [("create", "all"), ("promote", "all"), ("distrust", "all")]


def test_each_phase_is_taken_back_by_the_ids_that_there_were(keys: Keys) -> None:
    session: Any = SimpleNamespace(kops=keys, check=lambda: None)
    told = {}
    for phase in ("create", "promote", "distrust"):
        _, step = RotateKeypairs(CLUSTER, phase, CA).steps()
        old = keys.keypairs[CA][0][0]
        attempt(step, session)
        told[phase] = step.told_back
        if phase == "create":
            new = keys.keypairs[CA][-1][0]

    assert told == {
        "create": f"distrust the new keypair: kops distrust keypair {CA} {new} --name={CLUSTER}",
        "promote": "promote the old keypair again:"
        f" kops promote keypair {CA} {old} --name={CLUSTER}",
        "distrust": f"trust the old keypair again: kops trust keypair {CA} {old} --name={CLUSTER}",
    }


@pytest.mark.parametrize("phase", ["create", "promote", "distrust"])
def test_a_phase_that_is_run_twice_is_done_once(keys: Keys, phase: Any) -> None:
    for before in ("create", "promote", "distrust"):
        do(keys, RotateKeypairs(CLUSTER, before))
        if before == phase:
            break
    calls = list(keys.calls)

    assert do(keys, RotateKeypairs(CLUSTER, phase)) == f"nothing left to {phase}"
    assert keys.calls == calls


def test_after_a_kill_only_the_keysets_that_are_left_are_done(keys: Keys) -> None:
    keys.credentials.create_keypair(CLUSTER, CA)

    words = do(keys, RotateKeypairs(CLUSTER, "create"))

    assert words == f"create: {SA}"
    assert keys.calls == [("create", CA), ("create", SA)]


@pytest.mark.parametrize(("update", "rolling"), [(PENDING, None), (None, WAITING)])
def test_promoting_before_every_machine_was_rolled_is_refused(
    keys: Keys, update: Plan | None, rolling: RollingPlan | None
) -> None:
    do(keys, RotateKeypairs(CLUSTER, "create"))
    keys.update, keys.rolling = update or keys.update, rolling or keys.rolling

    with pytest.raises(NotApproved, match="too early to promote"):
        do(keys, RotateKeypairs(CLUSTER, "promote"))

    assert keys.calls == [("create", "all")]


def test_one_keyset_alone_can_be_rotated_and_an_unknown_one_is_named(keys: Keys) -> None:
    session: Any = SimpleNamespace(kops=keys)

    found = open_keysets(session, RotateKeypairs(CLUSTER, "create", SA))
    assert found == (SA,)
    assert plan(RotateKeypairs(CLUSTER, "promote", SA), found).changes == (
        Change("modify", "keypair", SA, {"phase": "promote"}),
    )

    with pytest.raises(ResourceNotFound, match='no keyset "nope"'):
        open_keysets(session, RotateKeypairs(CLUSTER, "create", "nope"))
