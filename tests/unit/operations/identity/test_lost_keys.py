"""A cluster that lost its keys is not called one that was never applied. Fault 1."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

import kled.operations
from kled.errors import KeysetMissing, NotYetApplied
from kled.operations.cluster.export_cluster import export_step
from kled.operations.fleet.each_cluster import ListedFields, each_cluster
from kled.operations.health.validate_cluster import validate_once
from kled.operations.step import attempt
from tests.unit.operations.identity.test_identity import CA_KEY, C, World, world

__all__ = ["world"]


@pytest.fixture
def blind(world: World) -> World:
    """Its kops finds no authority, and says what it says of a cluster before its first update."""

    def refuse(*_: object) -> None:
        raise NotYetApplied("never applied", hint="run kled kops update-cluster --yes first")

    kops: Any = world.kops
    kops.cluster_validate = refuse
    kops.kubeconfig_export = kops.kubeconfig_export_privately = refuse
    return world


def told(world: World) -> KeysetMissing:
    with pytest.raises(KeysetMissing) as caught:
        validate_once(world.session(), C)
    with pytest.raises(KeysetMissing):
        attempt(export_step(C, Path("kubeconfig"), None), world.session())
    return caught.value


def test_it_names_the_keyset_and_the_snapshot_that_has_it(blind: World) -> None:
    taken = blind.snapshot()
    blind.lose(CA_KEY)

    error = told(blind)

    assert "lost its keyset kubernetes-ca" in error.message
    assert f"--snapshot={taken} --class=identity --yes" in str(error.hint)
    assert "update-cluster" not in str(error.hint)


def test_what_etcd_left_tells_it_where_the_machines_configuration_is_gone_too(
    blind: World,
) -> None:
    blind.lose_all_but("config", "backups")

    assert "kubernetes-ca" in told(blind).message


def test_a_snapshot_tells_it_where_nothing_else_is_left(blind: World) -> None:
    """Fault 1, another member: "was never applied … run update-cluster --yes"."""
    taken = blind.snapshot()
    blind.lose_all_but("config", "instancegroup")

    error = told(blind)

    assert "lost its keyset kubernetes-ca" in error.message
    assert f"--snapshot={taken} --class=identity --yes" in str(error.hint)


def test_a_snapshot_store_that_does_not_answer_hides_nothing(blind: World) -> None:
    blind.snapshot()
    blind.lose_all_but("config", "instancegroup")
    blind.env["KLED_SNAPSHOT_STORE"] = (blind.root / "nowhere").as_uri()

    with pytest.raises(NotYetApplied):
        validate_once(blind.session(), C)


def test_a_list_of_its_machines_does_not_call_it_so_either(blind: World) -> None:
    """Fault 1, another member: `get-instances` hinted at the update that makes other keys."""
    blind.snapshot()
    blind.lose(CA_KEY)

    def refuse(_session: object, _cluster: str) -> NoReturn:
        raise NotYetApplied("never applied", hint="run kled kops update-cluster --yes first")

    with pytest.raises(KeysetMissing, match="lost its keyset kubernetes-ca"):
        each_cluster(blind.session(), C, ListedFields(refuse))


def test_one_that_was_never_applied_is_called_so(blind: World) -> None:
    blind.lose_all_but("config", "instancegroup")

    with pytest.raises(NotYetApplied):
        validate_once(blind.session(), C)


def test_whoever_asks_for_credentials_tells_lost_keys_from_a_cluster_never_applied() -> None:
    """Fault 1: a preview said "was never applied" of a cluster that runs."""
    asking = 0
    for path in Path(kled.operations.__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text())
        guarded = {
            id(call)
            for block in ast.walk(tree)
            if isinstance(block, ast.With) and "tell_lost_keys_apart" in ast.dump(block.items[0])
            for call in _exports(block)
        }
        exports = {id(call) for call in _exports(tree)}
        assert exports == guarded, path.name
        asking += len(exports)
    assert asking


def _exports(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(
                    attr="export" | "export_privately", value=ast.Attribute(attr="kubeconfig")
                )
            ):
                yield node
