"""What is written within a cluster's own directory becomes part of that cluster's state. Fault 2.

Another member: a restore `--to` the directory of another cluster put its keys among the other's,
whose next snapshot had both.
"""

import pytest

from kled.errors import InvalidInput
from kled.operations.guards.nested_stores import require_root
from kled.operations.recovery.restore_state import RestoreState, Wish
from kled.operations.stores import Stores
from kled.storage.memory import MemoryStore
from tests.sites import CLOCK
from tests.unit.operations.recovery.test_restore_state import CLUSTER, World, world
from tests.unit.snapshot import fleets

__all__ = ["world"]

OTHER = fleets.name(2)


@pytest.mark.parametrize("below", ["", "/deeper", "/pki/private"])
def test_a_restore_to_another_clusters_directory_is_refused(world: World, below: str) -> None:
    world.write("other", fleets.objects(2), OTHER)
    to = world.root / "other" / OTHER
    before = sorted(to.rglob("*"))

    with pytest.raises(InvalidInput, match=f'lies within cluster "{OTHER}"') as refused:
        world.restore(RestoreState(Wish(CLUSTER, world.wish.snapshot, to=f"{to.as_uri()}{below}")))

    assert "--to" in str(refused.value)
    assert (world.root / "other").as_uri() in str(refused.value.hint)
    assert sorted(to.rglob("*")) == before


def test_a_link_into_a_cluster_is_within_it(world: World) -> None:
    link = world.root / "link"
    link.symlink_to(world.root / "state" / CLUSTER)

    with pytest.raises(InvalidInput, match="lies within cluster"):
        require_root(Stores(world.settings, CLOCK), str(link), "--state")


def test_a_prefix_of_a_bucket_is_looked_at_too() -> None:
    bucket = "s3://bucket/team/state"
    stores = Known({"s3://bucket/team/state/c.example.com": b"kind: Cluster\nmetadata: {}\n"})

    for url in (f"{bucket}/c.example.com", f"{bucket}/c.example.com/x/y/"):
        with pytest.raises(InvalidInput, match=r'cluster "team/state/c\.example\.com"'):
            require_root(stores, url, "--state")  # type: ignore[arg-type]  # all that is asked of it
    require_root(stores, bucket, "--state")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["other", "other/not-yet/there", "config"])
def test_a_place_beside_clusters_is_a_state_store(world: World, name: str) -> None:
    world.write("other", fleets.objects(2), OTHER)
    (world.root / "config").mkdir(exist_ok=True)
    (world.root / "config" / "config").write_bytes(b"kind: Config\n")  # of something else

    require_root(Stores(world.settings, CLOCK), (world.root / name).as_uri(), "--to")


class Known:
    """Stores of which the objects `config` are known, by the place that they are in."""

    def __init__(self, configs: dict[str, bytes]) -> None:
        self._configs = configs

    def other(self, url: str) -> object:
        store = MemoryStore()
        for place, body in self._configs.items():
            if place.startswith(f"{url}/"):
                store.put(f"{place.removeprefix(f'{url}/')}/config", body)
        return store
