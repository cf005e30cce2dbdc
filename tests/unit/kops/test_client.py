import json
import os
import stat
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kled import errors
from kled.files import beneath
from kled.kops.call import KopsCalls
from kled.kops.client import Kops
from kled.models.definition import Definition
from kled.models.spec import parse_spec
from kled.process import Finished
from tests.unit.kops.replay import Capture, Replay, capture

C = "demo.k8s.local"
KEY = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"
ENV = {"PATH": "/bin", "AWS_SECRET_ACCESS_KEY": KEY, "KOPS_CLUSTER_NAME": "other"}
SPEC = parse_spec({"name": C, "zones": ["us-east-1a"], "ssh_public_key": "k.pub"})


def client(tmp_path: Path, *names: str | Capture) -> tuple[Kops, Replay, list[str]]:
    said: list[str] = []
    replay = Replay([capture(each) if isinstance(each, str) else each for each in names])
    scratch = tmp_path / "scratch"
    scratch.mkdir(mode=0o700)
    kops = Kops(
        KopsCalls(
            "/opt/kops",
            run=replay,
            env=ENV,
            state_store="s3://b/",
            scratch=scratch,
            on_line=said.append,
        )
    )
    return kops, replay, said


def test_a_call_depends_on_nothing_that_the_machine_points_at(tmp_path: Path) -> None:
    kops, replay, _ = client(tmp_path, "10b-get-clusters-json")

    kops.cluster.list()

    env = replay.calls[0].env
    assert env["KOPS_STATE_STORE"] == "s3://b"
    assert env["KUBECONFIG"] == str(tmp_path / "scratch" / "kubeconfig")
    assert "KOPS_CLUSTER_NAME" not in env


@pytest.mark.parametrize(
    ("name", "verb"),
    [
        ("42c-get-clusters-empty-json", lambda kops: kops.cluster.list()),
        ("E14c-get-keypairs-before", lambda kops: kops.credentials.list_keypairs(C)),
        ("E14d-get-secrets-before", lambda kops: kops.credentials.list_secrets(C)),
    ],
)
def test_an_empty_list_is_no_error(tmp_path: Path, name: str, verb: object) -> None:
    kops, _, _ = client(tmp_path, name)

    assert verb(kops) == ()  # type: ignore[operator]


def test_a_cluster_that_is_not_there_is_found_missing(tmp_path: Path) -> None:
    name = "E06b-cluster-not-found-update"
    kops, _, _ = client(tmp_path, name, name)

    assert kops.definition.find(C) is None
    with pytest.raises(errors.ClusterNotFound):
        kops.definition.get(C)


@pytest.mark.parametrize("keeps", [True, False])
def test_a_hint_names_a_restore_only_where_snapshots_are_kept(
    tmp_path: Path, *, keeps: bool
) -> None:
    replay = Replay([capture("E06-cluster-not-found-get")])
    calls = KopsCalls(
        "kops",
        run=replay,
        env=ENV,
        state_store="s3://b",
        scratch=tmp_path,
        keeps_snapshots=keeps,
    )

    with pytest.raises(errors.ClusterNotFound) as missing:
        Kops(calls).definition.get(C)

    assert "kled kops get-clusters lists those" in str(missing.value.hint)
    assert ("kled snapshot restore --name=nope." in str(missing.value.hint)) is keeps


def test_reads_return_models(tmp_path: Path) -> None:
    kops, _, _ = client(
        tmp_path,
        "01-version",
        "11c-get-cluster-json",
        "13b-get-all-yaml",
        "12b-get-ig-json",
        "12b-get-ig-json",
        "17b-get-instances-json",
        "22-toolbox-dump-json",
    )

    assert kops.version().number == "1.36.2"
    assert kops.cluster.get(C).name == C
    found = kops.definition.find(C)
    assert found is not None
    assert found.name == C
    assert kops.instance_groups.get(C, "nodes-us-east-1a").max_size == 2
    with pytest.raises(errors.InstanceGroupNotFound) as missing:
        kops.instance_groups.get(C, "nodes")
    assert "nodes-us-east-1a" in str(missing.value.hint)
    assert len(kops.instances.list(C)) == 3
    assert "resources" in kops.cluster.dump(C)


def test_a_cluster_of_another_name_is_not_the_one_asked_for(tmp_path: Path) -> None:
    kops, _, _ = client(tmp_path, "11c-get-cluster-json")

    with pytest.raises(errors.ClusterNotFound):
        kops.cluster.get("other.k8s.local")


def test_an_unhealthy_cluster_is_a_report_and_an_unreachable_one_an_error(tmp_path: Path) -> None:
    kops, _, _ = client(
        tmp_path,
        "cp-07-validate-fail-node-missing-json",
        "cp-04-validate-success-json",
        "21-validate-unreachable",
    )

    assert not kops.cluster.validate(C).ready
    assert kops.cluster.validate(C).ready
    with pytest.raises(errors.ApiUnreachable):
        kops.cluster.validate(C)


def test_a_dry_run_plans_in_an_empty_corner_and_puts_the_base_right(tmp_path: Path) -> None:
    seen = capture("20-dry-run-yaml")
    text = seen.stdout.replace("s3://kled-state/", "s3://b/.kled/dry-run/")
    kops, replay, _ = client(tmp_path, Capture("moved", text, "", 0), seen)

    definition = kops.definition.dry_run(SPEC)

    assert "--state=s3://b/.kled/dry-run" in replay.words
    assert json.loads(json.dumps(definition.as_json()))["cluster"]["spec"]["configBase"] == (
        "s3://b/dry.k8s.local"
    )
    assert kops.definition.dry_run(SPEC).cluster["spec"]["configBase"].startswith("s3://kled-state")  # type: ignore[index]


def test_plans_come_from_previews(tmp_path: Path) -> None:
    kops, _, said = client(
        tmp_path,
        "02-create-cluster",
        "04-update-cluster-preview-nochange",
        "07-delete-preview",
        "32-rolling-preview-needupdate",
        "25d-upgrade-preview-changes",
        "25e-upgrade-yes",
        "37-reconcile-cluster",
    )

    assert kops.definition.create(SPEC).count("create") == 111
    assert any("Tasks: 120 done" in line for line in said)
    assert kops.cluster.preview_update(C).is_empty
    assert kops.cluster.preview_delete(C).count("delete") == 31
    assert not kops.cluster.preview_rolling_update(C).is_empty
    assert not kops.definition.preview_upgrade(C).is_empty
    assert not kops.definition.upgrade(C).is_empty
    assert not kops.cluster.preview_reconcile(C).is_empty


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        (lambda kops: kops.cluster.update(C), "update cluster --yes=true"),
        (lambda kops: kops.definition.unregister(C), "delete cluster --unregister=true --yes=true"),
        (lambda kops: kops.cluster.delete(C), "delete cluster --yes=true"),
        (lambda kops: kops.cluster.rolling_update(C), "rolling-update cluster --yes=true"),
        (lambda kops: kops.cluster.reconcile(C), "reconcile cluster --yes=true"),
        (
            lambda kops: kops.definition.edit(C, stored={}, set=["spec.masterPublicName=x"]),
            "edit cluster --set=spec.api.publicName=x",
        ),
        (
            lambda kops: kops.instance_groups.edit(
                C, "g", stored={"spec": {"rootVolumeSize": 1}}, unset=["spec.rootVolumeSize"]
            ),
            "edit instancegroup g --unset=spec.rootVolume.size",
        ),
        (
            lambda kops: kops.instance_groups.create(C, "g", ["a"]),
            "create instancegroup g --role=node --subnet=a --edit=false",
        ),
        (lambda kops: kops.instance_groups.delete(C, "g"), "delete instancegroup g --yes=true"),
        (lambda kops: kops.instances.delete(C, "i"), "delete instance i --surge=true --yes=true"),
        (
            lambda kops: kops.credentials.create_secret(C, "dockerconfig", Path("/f")),
            "create secret dockerconfig --filename=/f",
        ),
        (lambda kops: kops.credentials.delete_secret(C, "s"), "delete secret s"),
        (lambda kops: kops.credentials.create_keypair(C, "all"), "create keypair all"),
        (lambda kops: kops.credentials.promote_keypair(C, "k"), "promote keypair k"),
        (lambda kops: kops.credentials.distrust_keypair(C, "k"), "distrust keypair k"),
        (
            lambda kops: kops.definition.complete_ssh_key(SPEC),
            "create sshpublickey --ssh-public-key=k.pub",
        ),
    ],
)
def test_a_change_names_the_cluster_and_says_yes(tmp_path: Path, verb: object, words: str) -> None:
    kops, replay, _ = client(tmp_path, Capture("done", "", "", 0))

    verb(kops)  # type: ignore[operator]

    assert [each for each in replay.words if each != "--create-kube-config=false"] == [
        *(w for w in words.split() if not w.startswith("--")),
        f"--name={C}",
        *(w for w in words.split() if w.startswith("--")),
    ]


def test_a_secret_of_an_unknown_kind_is_refused_before_kops_is_asked(tmp_path: Path) -> None:
    kops, replay, _ = client(tmp_path)

    with pytest.raises(errors.InvalidInput):
        kops.credentials.create_secret(C, "nope", Path("/f"))
    assert replay.calls == []


def test_a_spec_without_a_key_stores_none(tmp_path: Path) -> None:
    kops, replay, _ = client(tmp_path)

    kops.definition.complete_ssh_key(parse_spec({"name": C, "zones": ["us-east-1a"]}))

    assert replay.calls == []


def test_a_definition_is_stored_through_a_private_file_that_is_removed(tmp_path: Path) -> None:
    kops, replay, _ = client(tmp_path, "13b-get-all-yaml", Capture("done", "", "", 0))

    kops.definition.replace(kops.definition.get(C))

    assert replay.words[0] == "replace"
    assert "--force=true" in replay.words
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_vain_wait_ends_the_call_and_secrets_never_leave(tmp_path: Path) -> None:
    line = f'W1 executor.go:141] error running task "X/y" (9m): api error AccessDenied: {KEY}\n'
    kops, _, said = client(tmp_path, Capture("denied", "", line, 1))

    with pytest.raises(errors.PermanentCloudError) as caught:
        kops.cluster.update(C)

    assert caught.value.command == "update cluster"
    assert KEY not in str(caught.value)
    assert not any(KEY in each for each in said)


def test_an_export_keeps_the_file_private_and_leaves_no_draft(tmp_path: Path) -> None:
    kops, replay, _ = client(tmp_path, "28b-export-kubeconfig-admin")
    target = tmp_path / "kube" / "config"
    target.parent.mkdir()
    target.write_text("contexts: []\n")
    target.chmod(0o644)

    kops.kubeconfig.export(C, target, timedelta(hours=2))

    assert "--admin=7200s" in replay.words
    assert target.read_text() == "contexts: []\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [each.name for each in target.parent.iterdir()] == ["config"]


def test_an_export_into_the_scratch_of_a_living_run_waits_for_nobody(tmp_path: Path) -> None:
    # previews that look at the cluster's pods waited ten minutes for their own run's lock
    kops, _, _ = client(tmp_path, "28b-export-kubeconfig-admin")
    alive = os.open(tmp_path / "scratch", os.O_RDONLY | os.O_DIRECTORY)
    assert beneath.taken(alive)
    began = time.monotonic()

    kubeconfig = kops.kubeconfig.export_privately(C, timedelta(minutes=15))

    assert time.monotonic() - began < 5
    assert kubeconfig == tmp_path / "scratch" / f"kubeconfig-{C}"
    os.close(alive)


class Looking(Replay):
    """Also remembers what is in the state store that kops is asked about."""

    stored: dict[str, str]

    def __call__(self, argv: Sequence[str], *, env: Mapping[str, str], **more: Any) -> Finished:
        place = Path(env["KOPS_STATE_STORE"].removeprefix("file://"))
        files = (path for path in place.rglob("*") if path.is_file())
        self.stored = {path.relative_to(place).as_posix(): path.read_text() for path in files}
        return super().__call__(argv, env=env, **more)


def test_a_cluster_that_is_stored_nowhere_is_looked_for_by_a_state_store_of_its_own(
    tmp_path: Path,
) -> None:
    kops = Looking([capture("07-delete-preview")])
    calls = KopsCalls("kops", run=kops, env={}, state_store="s3://b", scratch=tmp_path)
    wanted = Definition({"kind": "Cluster", "metadata": {"name": C}}, ({"kind": "InstanceGroup"},))

    assert Kops(calls).cluster.preview_delete_unstored(wanted).count("delete") == 31

    (name,) = kops.stored
    assert name == f"{C}/config"
    assert "InstanceGroup" not in kops.stored[name]
    assert list(tmp_path.iterdir()) == []


def test_a_failed_export_leaves_the_old_file(tmp_path: Path) -> None:
    kops, _, _ = client(tmp_path, "E14-export-before-update")
    target = tmp_path / "config"

    with pytest.raises(errors.NotYetApplied):
        kops.kubeconfig.export(C, target)
    assert not target.exists()


def test_an_export_to_a_device_is_refused_before_kops_is_called(tmp_path: Path) -> None:
    kops, replay, _ = client(tmp_path)

    with pytest.raises(errors.InvalidInput, match="/dev/zero is not a regular file"):
        kops.kubeconfig.export(C, Path("/dev/zero"))

    assert replay.calls == []


def test_an_export_into_a_file_as_directory_is_a_disk_error(tmp_path: Path) -> None:
    kops, _, _ = client(tmp_path)
    (tmp_path / "file").write_text("")

    with pytest.raises(errors.DiskUnusable):
        kops.kubeconfig.export(C, tmp_path / "file" / "config")


def test_an_experimental_cloud_gets_its_feature_flag(tmp_path: Path) -> None:
    kops, replay, _ = client(tmp_path, "02-create-cluster")
    spec = parse_spec({"name": C, "zones": ["fr-par-1"]})

    kops.definition.create(spec)

    assert replay.calls[0].env["KOPS_FEATURE_FLAGS"] == "Scaleway"
