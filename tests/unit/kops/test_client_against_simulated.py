"""The client drives the simulated kops, as real processes."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from kled import errors
from kled.kops.call import KopsCalls
from kled.kops.client import Kops
from kled.models.spec import ClusterSpec, parse_spec
from kled.process import run
from kled.sandbox import control

C = "acme.k8s.local"
SPEC = parse_spec(
    {
        "name": C,
        "zones": ["eu-west-1a", "eu-west-1b"],
        "node_count": 3,
        "kubernetes_version": "1.36.0",
    }
)


@pytest.fixture
def kops(tmp_path: Path) -> Iterator[Kops]:
    box = tmp_path / "box"
    control.start(box, speed=6000)
    env = control.environment(box)
    scratch = tmp_path / "scratch"
    scratch.mkdir(mode=0o700)
    yield Kops(
        KopsCalls(
            box / "bin" / "kops",
            run=run,
            env=env,
            state_store=env["KOPS_STATE_STORE"],
            scratch=scratch,
        )
    )
    control.stop(box)


def stored(kops: Kops, spec: ClusterSpec = SPEC) -> None:
    kops.definition.create(spec)


def test_it_says_that_it_is_simulated_and_starts_empty(kops: Kops) -> None:
    assert kops.version().simulated
    assert kops.cluster.list() == ()
    assert kops.definition.find(C) is None


def test_what_a_dry_run_plans_is_what_is_stored_also_afterwards(kops: Kops) -> None:
    before = kops.definition.dry_run(SPEC)
    stored(kops)

    assert before.differences(kops.definition.get(C)) == ()
    assert kops.definition.dry_run(SPEC).differences(kops.definition.get(C)) == ()
    with pytest.raises(errors.ClusterExists):
        kops.definition.create(SPEC)


def test_a_cluster_lives_from_creation_to_deletion(kops: Kops, tmp_path: Path) -> None:
    stored(kops)
    with pytest.raises(errors.NotYetApplied):
        kops.kubeconfig.export(C, tmp_path / "config", timedelta(hours=1))
    planned = kops.cluster.preview_update(C)

    kops.cluster.update(C)
    kops.kubeconfig.export(C, tmp_path / "config", timedelta(hours=1))

    assert planned.count("create") > 10
    assert kops.cluster.preview_update(C).is_empty
    assert C in (tmp_path / "config").read_text()
    assert next(group.max_size for group in kops.instance_groups.list(C)) == 1
    assert not kops.cluster.preview_delete(C).is_empty
    kops.cluster.delete(C)
    assert kops.definition.find(C) is None


def test_an_unregistered_cluster_is_gone(kops: Kops) -> None:
    stored(kops)

    kops.definition.unregister(C)

    assert kops.cluster.list() == ()
    with pytest.raises(errors.ClusterNotFound):
        kops.definition.unregister(C)
