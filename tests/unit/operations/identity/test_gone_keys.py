"""Keys of an applied cluster that are gone are said by whoever lists or checks, not by plans alone.

Doctor was green, and get-keypairs showed an empty table
and ended with 0.
"""

import pytest

from kled.errors import KledError
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.fleet.each_cluster import GONE, ListedFields, each_cluster
from kled.operations.identity import gone_keys
from tests.unit.operations.identity.test_identity import CA, CA_KEY, C, World, world

__all__ = ["world"]

ADMIN = "secrets/admin"


def none(*_: object) -> tuple[()]:
    return ()


def lose_all(world: World, part: str) -> None:
    for path in (world.root / "state" / C / part).rglob("*"):
        if path.is_file():
            path.unlink()


@pytest.mark.parametrize("part", ["pki", "secrets"])
def test_all_keysets_or_all_secrets_that_are_gone_are_said_with_the_way_back(
    world: World, part: str
) -> None:
    kept = world.snapshot()
    lose_all(world, part)

    found = gone_keys.refusal(world.session(), C)

    assert found is not None
    assert f"--snapshot={kept} --class=identity --yes" in str(found.hint)


def test_it_is_what_a_change_is_refused_with(world: World) -> None:
    world.snapshot()
    world.lose(CA_KEY)
    world.kops.changes = [CA]
    found = gone_keys.refusal(world.session(), C)

    error = world.refused(UpdateCluster(C))

    assert found is not None
    assert error.hint == found.hint


def test_without_any_snapshot_the_machines_configuration_tells_it(world: World) -> None:
    lose_all(world, "pki")
    lose_all(world, "secrets")

    found = gone_keys.refusal(world.session(), C)

    assert found is not None
    assert "kubernetes-ca" in found.message
    assert "no snapshot is known to have them" in str(found.hint)


def test_one_secret_of_several_is_told_by_a_snapshot_alone(world: World) -> None:
    """Another member; a later kops may make fewer secrets, so nothing else tells of one."""
    world.put("secrets/kube", b'{"Data":"c2VjcmV0"}')
    world.lose(ADMIN)
    assert gone_keys.refusal(world.session(), C) is None

    world.put(ADMIN, b'{"Data":"c2VjcmV0"}')
    world.snapshot()
    world.lose(ADMIN)

    assert "admin" in str(gone_keys.secrets(world.session(), C))
    assert gone_keys.keysets(world.session(), C) is None


def test_a_cluster_that_was_never_applied_has_lost_nothing(world: World) -> None:
    for part in ("pki", "secrets", "igconfig", "backups"):
        lose_all(world, part)

    assert gone_keys.refusal(world.session(), C) is None


def test_a_legacy_name_is_no_loss(world: World) -> None:
    body = (world.root / "state" / C / CA_KEY).read_bytes()
    world.lose(CA_KEY)
    world.put("pki/private/ca/keyset.yaml", body)

    assert gone_keys.refusal(world.session(), C) is None


@pytest.mark.parametrize("lost", [CA_KEY, None], ids=["one of them", "all"])
def test_a_list_says_which_are_gone_and_is_not_green(world: World, lost: str | None) -> None:
    world.snapshot()
    world.lose(lost) if lost else lose_all(world, "pki")

    found = each_cluster(world.session(), C, ListedFields(none, gone=gone_keys.keysets))

    (row,) = found.rows
    assert row["name"] == GONE
    assert "--class=identity --yes" in row["mend"]
    with pytest.raises(KledError, match="kubernetes-ca") as refused:
        found.require()
    assert refused.value.exit_code == 1


def test_a_list_of_a_cluster_that_has_all_of_it_has_no_such_row(world: World) -> None:
    assert each_cluster(world.session(), C, ListedFields(none, gone=gone_keys.keysets)).rows == ()
