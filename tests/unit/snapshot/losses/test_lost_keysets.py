"""A definition stored over a lost cluster never takes its snapshots' place (faults 1, 6)."""

from typing import Final

import pytest

from kled.snapshot.choosing import choose
from kled.snapshot.epoch import epoch
from kled.storage.memory import MemoryStore
from tests.unit.snapshot.fleets import Runs, name, objects, state

C: Final = name(0)
BARE: Final = ("config", "instancegroup/")


def taken(runs: Runs) -> tuple[str, int, tuple[str, ...]]:
    """Take a snapshot of C; return its id, its level and what is wrong."""
    (result,) = (one for one in runs.run().clusters if one.cluster == C)
    return result.snapshot or "", result.level, result.findings


def left_bare(runs: Runs) -> None:
    """Leave what `kops create cluster` stores: no keyset, and no trace of an update."""
    for key in objects(0):
        if not key.startswith(BARE):
            runs.state.delete(f"{C}/{key}")


def change(runs: Runs, text: str) -> None:
    runs.state.put(f"{C}/addons/mine.yaml", text.encode())


def test_a_cluster_that_has_lost_its_keysets_is_not_the_newest_trusted() -> None:
    runs = Runs(state(1), MemoryStore())
    good, level, _ = taken(runs)
    assert level == 1
    left_bare(runs)

    bad, level, findings = taken(runs)

    assert level == 0
    assert [words for words in findings if f"keysets of snapshot {good} are gone" in words]
    assert choose(runs.snapshots, C, "latest").id == good
    assert choose(runs.snapshots, C, "newest").id == bad


def test_it_is_said_in_every_run_until_it_is_cured() -> None:
    runs = Runs(state(1), MemoryStore())
    good, _, _ = taken(runs)
    left_bare(runs)
    taken(runs)

    again = taken(runs)
    change(runs, "something else")
    later = taken(runs)
    for key, body in objects(0).items():
        runs.state.put(f"{C}/{key}", body)
    cured = taken(runs)

    assert (again[1], later[1]) == (0, 0)
    assert all(good in found[2][-1] for found in (again, later))
    assert (cured[1], cured[2]) == (1, ())


def test_one_keyset_is_enough_and_an_old_name_is_the_same_keyset() -> None:
    runs = Runs(state(1), MemoryStore())
    key = f"{C}/pki/private/kubernetes-ca/keyset.yaml"
    body = runs.state.get(key).body
    taken(runs)
    runs.state.delete(key)
    runs.state.put(f"{C}/pki/private/ca/keyset.yaml", body)

    _, _, findings = taken(runs)

    assert not [words for words in findings if "are gone" in words]


def test_a_cluster_that_was_deleted_took_its_keysets_along() -> None:
    runs = Runs(state(1), MemoryStore())
    epoch.check(runs.snapshots, C, runs.state.location.url)
    taken(runs)
    for key in objects(0):
        runs.state.delete(f"{C}/{key}")
    epoch.vacate(runs.snapshots, C, runs.state.location.url)
    runs.run()
    runs.state.put(f"{C}/config", objects(0)["config"])
    runs.state.put(f"{C}/instancegroup/nodes", objects(0)["instancegroup/nodes"])

    _, level, findings = taken(runs)

    assert (level, findings) == (1, ())


def test_secrets_that_the_cluster_lives_by_are_missed() -> None:
    """Fault 41: without its tokens a cluster was called sound, and `latest` had none of them."""
    runs = Runs(state(1), MemoryStore())
    good, _, _ = taken(runs)
    runs.state.delete(f"{C}/secrets/admin")

    _, level, findings = taken(runs)

    assert level == 0
    assert findings == (f"secrets of snapshot {good} are gone from the state store: admin",)
    assert choose(runs.snapshots, C, "latest").id == good
    runs.state.put(f"{C}/secrets/admin", objects(0)["secrets/admin"])
    assert taken(runs)[1:] == (1, ())


@pytest.mark.parametrize("uses_it", [False, True])
def test_a_secret_that_people_gave_is_missed_where_the_definition_uses_it(*, uses_it: bool) -> None:
    runs = Runs(state(1), MemoryStore())
    config = objects(0)["config"].decode()
    used = config.replace("spec: {", "spec: {encryptionConfig: true, ") if uses_it else config
    runs.state.put(f"{C}/config", used.encode())
    for secret in ("encryptionconfig", "dockerconfig"):
        runs.state.put(f"{C}/secrets/{secret}", objects(0)["secrets/admin"])
    taken(runs)
    for secret in ("encryptionconfig", "dockerconfig"):
        runs.state.delete(f"{C}/secrets/{secret}")

    _, level, findings = taken(runs)

    assert level == (0 if uses_it else 1)
    assert [words.rpartition(": ")[2] for words in findings] == ["encryptionconfig"] * uses_it
