"""A keyset of the right name with the keys of another cluster is a loss, too. Fault 1."""

import pytest

from kled.kops.state_store.layout import KEYSETS
from kled.snapshot.choosing import choose
from kled.snapshot.create.create import create
from kled.snapshot.create.results import CreateOptions
from kled.snapshot.documents import names
from kled.snapshot.documents.keys import Keys
from kled.snapshot.documents.manifest import complete, encode
from kled.snapshot.epoch import epoch
from kled.snapshot.losses.other_keysets import other_keysets
from kled.snapshot.progress import Quiet
from kled.snapshot.repository import SnapshotRef
from kled.storage.memory import MemoryStore
from tests.key_pairs import keyset
from tests.unit.snapshot.fleets import Runs, name, state
from tests.unit.snapshot.losses.test_lost_keysets import C, change, taken

CA = f"{C}/{KEYSETS}kubernetes-ca/keyset.yaml"
NODE_CONFIG = f"{C}/igconfig/control-plane/a/nodeupconfig.yaml"
OWN = ("771", "OWN")
NEXT = ("772", "NEXT")
FOREIGN = keyset(("779", "FOREIGN"))


@pytest.fixture
def runs() -> Runs:
    runs = Runs(state(1), MemoryStore())
    runs.state.put(CA, keyset(OWN))
    runs.state.put(NODE_CONFIG, b"KeypairIDs: {kubernetes-ca: '771'}\n")
    return runs


def remade(runs: Runs) -> None:
    """Do what a bare `kops update cluster --yes` does after its CA was lost."""
    runs.state.put(CA, FOREIGN)
    runs.state.put(NODE_CONFIG, b"KeypairIDs: {kubernetes-ca: '779'}\n")


def test_a_new_authority_of_the_same_name_is_not_the_newest_trusted(runs: Runs) -> None:
    good, level, _ = taken(runs)
    assert level == 1
    remade(runs)

    bad, level, findings = taken(runs)

    assert level == 0
    assert findings == (f"keysets have other keys than in snapshot {good}: kubernetes-ca",)
    assert choose(runs.snapshots, C, "latest").id == good
    assert choose(runs.snapshots, C, "newest").id == bad


@pytest.mark.parametrize("kept", [(), (NEXT,)], ids=["alone", "beside one that stays"])
def test_a_foreign_authority_that_keeps_the_id_is_another_one(
    runs: Runs, kept: tuple[tuple[str, str], ...]
) -> None:
    """K4: a pair of somebody else under the id of the cluster's own was taken for a match."""
    runs.state.put(CA, keyset(OWN, *kept))
    good, level, _ = taken(runs)
    assert level == 1
    runs.state.put(CA, keyset((OWN[0], "FOREIGN"), *kept))

    bad, level, findings = taken(runs)

    assert level == 0
    assert findings == (f"keysets have other keys than in snapshot {good}: kubernetes-ca",)
    assert choose(runs.snapshots, C, "latest").id == good
    assert choose(runs.snapshots, C, "newest").id == bad


def test_it_is_said_in_every_run_until_the_right_one_is_back(runs: Runs) -> None:
    good, _, _ = taken(runs)
    remade(runs)
    taken(runs)

    again = taken(runs)
    change(runs, "something else")
    later = taken(runs)
    runs.state.put(CA, keyset(OWN))
    cured = taken(runs)

    assert (again[1], later[1]) == (0, 0)
    assert all(good in found[2][-1] for found in (again, later))
    assert cured[1:] == (1, ())  # though the machines' configuration still names the wrong one


def test_another_clusters_authority_is_told_by_what_the_machines_run_with(runs: Runs) -> None:
    runs.state.put(CA, FOREIGN)

    _, level, findings = taken(runs)

    assert level == 0
    assert findings == (
        "keysets have other keys than those that the cluster's machines run with: kubernetes-ca",
    )


def test_each_phase_of_a_rotation_is_the_same_keyset(runs: Runs) -> None:
    for phase in (keyset(OWN), keyset(OWN, NEXT), keyset(NEXT)):
        runs.state.put(CA, phase)
        if phase == keyset(NEXT):
            runs.state.put(NODE_CONFIG, b"KeypairIDs: {kubernetes-ca: '772'}\n")

        assert taken(runs)[1:] == (1, ())


@pytest.mark.parametrize("phase", ["promoted", "distrusted"])
def test_a_rotation_that_is_undone_is_another_keyset(runs: Runs, phase: str) -> None:
    """Fault 1, another member: the key from before was held to be in both, distrusted by now."""
    before = keyset(OWN)
    taken(runs)
    rotated = keyset(NEXT, OWN)
    if phase == "distrusted":
        rotated = rotated.replace(
            b'- id: "771"', b'- distrustTimestamp: "2026-02-01"\n    id: "771"'
        )
    runs.state.put(CA, rotated)
    good, level, _ = taken(runs)
    assert level == 1

    runs.state.put(CA, before)
    _, level, findings = taken(runs)

    assert level == 0
    assert findings == (f"keysets have other keys than in snapshot {good}: kubernetes-ca",)
    assert choose(runs.snapshots, C, "latest").id == good


def test_a_key_that_was_made_and_never_signed_may_go(runs: Runs) -> None:
    runs.state.put(CA, keyset(OWN, NEXT))
    taken(runs)
    runs.state.put(CA, keyset(OWN))

    assert taken(runs)[1:] == (1, ())


def test_a_snapshot_whose_manifest_names_no_keys_is_opened_for_them(runs: Runs) -> None:
    """One of an earlier kled; nobody who cannot open it refuses anything."""
    good, _, _ = taken(runs)
    ref = SnapshotRef(C, good)
    earlier = complete({**runs.snapshots.manifest(ref).model_dump(), "keysets": {}})
    runs.store.put(names.manifest_key(C, good), encode(earlier))
    remade(runs)

    assert good in taken(runs)[2][-1]
    objects = {CA.removeprefix(f"{C}/"): FOREIGN}
    runs.store.delete(earlier.archive.key)
    assert other_keysets(runs.snapshots, earlier, objects, C).names == ()


def test_no_archive_is_read_where_the_manifest_names_the_keys(runs: Runs) -> None:
    good, _, _ = taken(runs)
    remade(runs)
    runs.store.delete(runs.snapshots.manifest(SnapshotRef(C, good)).archive.key)

    assert good in taken(runs)[2][-1]


@pytest.mark.parametrize("keyset_name", ["service-account", "etcd-clients-ca"])
def test_every_keyset_is_compared(runs: Runs, keyset_name: str) -> None:
    good, _, _ = taken(runs)
    runs.state.put(CA.replace("kubernetes-ca", keyset_name), FOREIGN)

    assert taken(runs)[2] == (f"keysets have other keys than in snapshot {good}: {keyset_name}",)


def test_whoever_only_seals_compares_as_well(runs: Runs) -> None:
    pyrage = pytest.importorskip("pyrage")
    identity = pyrage.x25519.Identity.generate()
    runs.keys = Keys(recipients=(str(identity.to_public()),))
    good, _, _ = taken(runs)
    remade(runs)

    assert good in taken(runs)[2][-1]


def test_a_snapshot_that_is_made_anew_names_the_keys_that_an_earlier_kled_did_not(
    runs: Runs,
) -> None:
    good, _, _ = taken(runs)
    manifest = runs.snapshots.manifest(SnapshotRef(C, good))
    runs.store.put(
        names.manifest_key(C, good), encode(complete({**manifest.model_dump(), "keysets": {}}))
    )

    options = CreateOptions(by="kled test", reuse=False)
    create(runs.state, runs.snapshots, [C], options=options, progress=Quiet())

    newest = runs.snapshots.manifest(choose(runs.snapshots, C, "newest"))
    assert newest.keysets == manifest.keysets
    assert newest.keysets["kubernetes-ca"][0] == "id 771"


def test_a_cluster_that_began_anew_is_trusted_again(runs: Runs) -> None:
    """Also where nothing was stored since the snapshot that was refused."""
    url = runs.state.location.url
    epoch.check(runs.snapshots, C, url)
    taken(runs)
    remade(runs)
    refused, level, _ = taken(runs)
    assert level == 0

    assert epoch.begin_anew(runs.snapshots, C, url) == refused
    assert epoch.begin_anew(runs.snapshots, C, url) == refused
    anew = taken(runs)

    assert anew[1:] == (1, ())
    assert choose(runs.snapshots, C, "latest").id == anew[0]
    assert taken(runs)[0] == anew[0]


def test_whoever_lives_elsewhere_does_not_begin_anew_here(runs: Runs) -> None:
    epoch.check(runs.snapshots, C, "s3://elsewhere")
    taken(runs)

    assert epoch.begin_anew(runs.snapshots, C, runs.state.location.url) == ""
    assert epoch.begin_anew(runs.snapshots, name(7), runs.state.location.url) == ""
