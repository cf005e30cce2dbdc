"""A secret with a neighbour's value is another one, unless it was rotated on purpose. K4."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from kled.snapshot.choosing import choose
from kled.snapshot.create.create import create
from kled.snapshot.create.results import ClusterResult, CreateOptions
from kled.snapshot.losses.other_secrets import advise_rotated, advise_where_meant
from kled.snapshot.progress import Quiet
from kled.storage.memory import MemoryStore
from tests.key_pairs import keyset
from tests.unit.snapshot.fleets import Runs, name, objects, state
from tests.unit.snapshot.losses.test_lost_keysets import C, change, taken
from tests.unit.snapshot.restoring import age_keys

ADMIN = f"{C}/secrets/admin"
NEIGHBOURS = b'{"Data":"bmVpZ2hib3Vy"}'
CONFIG = f"{C}/config"


@pytest.fixture
def runs() -> Runs:
    return Runs(state(1), MemoryStore())


def rotated(runs: Runs, *names: str) -> ClusterResult:
    options = CreateOptions("kled test", rotated=frozenset(names))
    done = create(runs.state, runs.snapshots, [C], options=options, progress=Quiet())
    return done.clusters[0]


def test_a_neighbours_value_is_not_the_newest_trusted(runs: Runs) -> None:
    good, level, _ = taken(runs)
    assert level == 1
    runs.state.put(ADMIN, NEIGHBOURS)

    bad, level, findings = taken(runs)

    assert level == 0
    assert findings == (f"secrets have other values than in snapshot {good}: admin",)
    assert choose(runs.snapshots, C, "latest").id == good
    assert choose(runs.snapshots, C, "newest").id == bad


def test_it_is_said_in_every_run_until_the_right_one_is_back(runs: Runs) -> None:
    good, _, _ = taken(runs)
    runs.state.put(ADMIN, NEIGHBOURS)
    taken(runs)

    again = taken(runs)
    change(runs, "something else")
    later = taken(runs)
    runs.state.put(ADMIN, objects(0)["secrets/admin"])
    cured = taken(runs)

    assert (again[1], later[1]) == (0, 0)
    assert all(good in found[2][-1] for found in (again, later))
    assert cured[1:] == (1, ())


def test_what_was_rotated_on_purpose_is_what_later_ones_are_held_against(runs: Runs) -> None:
    taken(runs)
    runs.state.put(ADMIN, NEIGHBOURS)
    taken(runs)

    meant = rotated(runs, "admin")
    again = taken(runs)
    runs.state.put(ADMIN, objects(0)["secrets/admin"])
    back = taken(runs)

    assert (meant.level, meant.findings) == (1, ())
    assert again == (meant.snapshot, 1, ())
    assert back[1] == 0
    assert str(meant.snapshot) in back[2][-1]


@pytest.mark.parametrize(("names", "level"), [(("kube",), 0), (("kube", "admin"), 1)])
def test_only_what_is_named_was_meant(runs: Runs, names: tuple[str, ...], level: int) -> None:
    taken(runs)
    runs.state.put(ADMIN, NEIGHBOURS)

    assert rotated(runs, *names).level == level


@pytest.mark.parametrize(
    ("secret", "field", "level"),
    [
        ("encryptionconfig", "encryptionConfig: true, ", 0),
        ("encryptionconfig", "", 1),
        ("ciliumpassword", "networking: {cilium: {enableEncryption: true}}, ", 0),
        ("dockerconfig", "", 1),
    ],
)
def test_what_a_person_gave_counts_where_the_cluster_lives_by_it(
    runs: Runs, secret: str, field: str, level: int
) -> None:
    """Another member: with another `encryptionconfig` nobody reads the Secrets in etcd."""
    config = runs.state.get(CONFIG).body
    runs.state.put(CONFIG, config.replace(b"spec: {", f"spec: {{{field}".encode()))
    runs.state.put(f"{C}/secrets/{secret}", b'{"Data":"b3du"}')
    assert taken(runs)[1] == 1
    runs.state.put(f"{C}/secrets/{secret}", NEIGHBOURS)

    assert taken(runs)[1] == level


def test_sealed_snapshots_tell_as_well(tmp_path: Path) -> None:
    runs = Runs(state(1), MemoryStore(), age_keys(tmp_path))
    assert taken(runs)[1] == 1
    runs.state.put(ADMIN, NEIGHBOURS)

    assert taken(runs)[1] == 0


def test_the_command_names_every_secret() -> None:
    names = [f"s{at}" for at in range(9)]
    reasons = ["something", f"secrets have other values than in snapshot ID: {', '.join(names)}"]

    assert advise_where_meant(name(0), reasons) == f"; {advise_rotated(name(0), names)}"
    assert "--rotated=s8" in advise_where_meant(name(0), reasons)
    assert advise_where_meant(name(0), ["something: else"]) == ""


CA = f"{C}/pki/private/kubernetes-ca/keyset.yaml"
FOREIGN = keyset(("779", "FOREIGN"))
DAMAGE: Mapping[str, tuple[str, bytes | None]] = {
    "an authority of a stranger": (CA, FOREIGN),
    "no authority": (CA, None),
    "half an authority": (CA, FOREIGN[:200]),
    "a definition of a stranger": (CONFIG, objects(1)["config"]),
    "half a definition": (CONFIG, b"apiVersion: kops.k8s.io/v1alpha2\nkind: Clus"),
    "no definition": (CONFIG, None),
    "another secret of a stranger": (f"{C}/secrets/kube", NEIGHBOURS),
    "no other secret": (f"{C}/secrets/kube", None),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_value_that_was_meant_covers_no_other_damage(runs: Runs, what: str) -> None:
    """`create-secret --force` and `--rotated` take that secret as meant, and nothing else."""
    runs.state.put(f"{C}/secrets/kube", objects(0)["secrets/admin"])
    good, level, _ = taken(runs)
    assert level == 1
    key, body = DAMAGE[what]
    if body is None:
        runs.state.delete(key)
    else:
        runs.state.put(key, body)
    runs.state.put(ADMIN, b'{"Data":"cm90YXRlZA=="}')

    meant = rotated(runs, "admin")
    later = [taken(runs), taken(runs)]

    assert not meant.trusted
    assert all(findings for _, _, findings in later)
    assert choose(runs.snapshots, C, "latest").id == good
