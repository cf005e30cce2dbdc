"""What a plan holds: steps, backups, losses, and a digest that means the same tomorrow."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kled.errors import InvalidInput
from kled.recovery.diagnosis import diagnose
from kled.recovery.evidence import (
    ApiLeft,
    BackupLeft,
    CloudLeft,
    Evidence,
    HomeLeft,
    SnapshotsLeft,
    StateLeft,
    VersionsLeft,
)
from kled.recovery.facts import VALUES
from kled.recovery.known import Unknown
from kled.recovery.plan.backup_choice import choose_backups
from kled.recovery.plan.etcd_steps import EtcdAsked
from kled.recovery.plan.planning import plan_recovery
from kled.recovery.plan.recovery_plan import RecoveryPlan

C = "c.example.com"
STORE = "s3://state"
NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
SNAPSHOT = "20261130T020000Z-0a1b2c3d"
KEPT = SnapshotsLeft(
    "s3://kept",
    3,
    SNAPSHOT,
    SNAPSHOT,
    level=1,
    created=NOW - timedelta(hours=1),
    state_store=STORE,
    readable=True,
)
MAIN = "2026-11-30T02:45:00Z-000001"
OLDER = "2026-11-30T02:30:00Z-000001"


def backup(name: str, **more: Any) -> BackupLeft:
    at = datetime.strptime(name[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    return BackupLeft("main", name, at, "the state store", **more)


def planned(*, to: str | None = None, **looks: object) -> RecoveryPlan:
    given: dict[str, object] = {
        "state": StateLeft(STORE, "gone"),
        "cloud": CloudLeft("machines", {"instance": 3}),
        "api": ApiLeft("ours", ("https://x",), "snapshot"),
        "home": HomeLeft(1, STORE),
        "snapshots": KEPT,
        "deletion_on_record": False,
        "versions": VersionsLeft(keeps=False),
        **looks,
    }
    evidence = Evidence(C, NOW, STORE, **given)  # type: ignore[arg-type]
    return plan_recovery(evidence, diagnose(evidence), to=to, named=True)


def keys(plan: RecoveryPlan) -> list[str]:
    return [step.key for step in plan.steps]


DELETED: dict[str, Any] = {
    "cloud": CloudLeft("nothing"),
    "api": ApiLeft("silent", ("https://x",)),
}


def test_lost_state_is_frozen_saved_restored_proved_and_applied_in_this_order() -> None:
    plan = planned()

    assert keys(plan) == [
        "freeze",
        "save-etcd",
        "preview-restore",
        "restore-state",
        "prove-identity",
        "update-cluster",
        "validate",
        "take-snapshot",
    ]
    assert plan.rpo == {"state": 3600.0}
    assert plan.is_planned


def test_every_case_has_steps_with_keys_that_are_unique() -> None:
    for state in VALUES["state"]:
        for cloud in VALUES["cloud"]:
            for api in VALUES["api"]:
                plan = planned(
                    state=StateLeft(STORE, state), cloud=CloudLeft(cloud), api=ApiLeft(api)
                )
                assert len(set(keys(plan))) == len(keys(plan)), keys(plan)
                assert bool(plan.steps) == (plan.diagnosis.case != "nothing-lost")


def test_where_keys_alone_are_damaged_they_alone_are_restored() -> None:
    damaged = StateLeft(STORE, "damaged", damaged=("identity",))

    (restore,) = [step for step in planned(state=damaged).steps if step.key == "restore-state"]
    assert restore.command.startswith(
        f"kled snapshot restore --name={C} --snapshot={SNAPSHOT} --class=identity --with-control"
    )


def test_the_digest_is_of_what_is_done_and_not_of_when_it_was_looked_at() -> None:
    plan = planned()
    later = replace(plan, evidence=replace(plan.evidence, at=NOW + timedelta(hours=1)))

    assert later.digest == plan.digest
    assert replace(plan, snapshot="20261130T010000Z-0a1b2c3d").digest != plan.digest
    assert planned(to="s3://new").digest != plan.digest


def test_a_deleted_cluster_gets_its_etcd_back_before_its_machines_start() -> None:
    state = StateLeft(STORE, "whole", backups=(backup(MAIN),))
    plan = planned(state=state, **DELETED)

    assert plan.diagnosis.case == "deleted"
    order = keys(plan)
    assert order.index("restore-etcd-main") < order.index("update-cluster") < order.index("roll")
    assert plan.rpo == {"state": 0.0, "etcd-main": 900.0}


def test_the_command_for_etcd_is_the_document_that_etcd_manager_reads() -> None:
    state = StateLeft(STORE, "whole", backups=(backup(MAIN),))
    evidence = planned(state=state, **DELETED).evidence
    asked = {"main": EtcdAsked(3, "3.6.12", f"{STORE}/{C}/backups/etcd/main")}
    plan = plan_recovery(evidence, diagnose(evidence), named=True, asked=asked)

    (step,) = [step for step in plan.steps if step.key == "restore-etcd-main"]
    assert (
        f"{STORE}/{C}/backups/etcd/main/control/2026-11-30T03:00:00Z-000000/_command.json"
        in step.detail
    )
    assert json.loads(step.attachment) == {
        "timestamp": "1796007600000000000",
        "restoreBackup": {
            "clusterSpec": {"memberCount": 3, "etcdVersion": "3.6.12"},
            "backup": MAIN,
        },
    }


def test_without_a_backup_of_etcd_the_workloads_are_said_to_be_lost() -> None:
    plan = planned(**DELETED)

    assert "restore-etcd-main" not in keys(plan)
    assert any("no backup of etcd main is known" in loss.what for loss in plan.losses)


def test_the_newest_backup_that_can_be_restored_is_taken_and_the_others_say_why_not() -> None:
    damaged = backup(MAIN, trouble="it is cut")
    (chosen,) = choose_backups((damaged, backup(OLDER, proved=True)), ())

    assert chosen.backup is not None
    assert chosen.backup.name == OLDER
    assert "its gzip and SHA-256 hold" in chosen.why
    assert f"{MAIN} is damaged: it is cut" in chosen.why


def test_a_backup_of_an_etcd_that_no_kops_ships_any_more_is_not_taken() -> None:
    (chosen,) = choose_backups((backup(MAIN, etcd_version="3.4.13"),), ())

    assert chosen.backup is None
    assert "etcd 3.4.13" in chosen.why


def test_without_a_snapshot_the_versions_of_the_bucket_are_the_way() -> None:
    nothing = SnapshotsLeft("s3://kept", 0, why_none="there is none")
    kept = VersionsLeft(keeps=True, deleted={"identity": 9, "intent": 3}, whole=True, last=NOW)

    plan = planned(snapshots=nothing, versions=kept)

    assert "undelete" in keys(plan)
    assert plan.is_planned
    assert not plan.stuck
    assert "12 objects of it were deleted" in plan.remarks[0]


def test_without_any_source_the_plan_says_why_it_is_stuck() -> None:
    plan = planned(snapshots=SnapshotsLeft("s3://kept", 0, why_none="there is none"))

    assert plan.stuck == "there is none"
    assert not plan.is_planned
    assert "copy-keys" in keys(plan)


def test_a_snapshot_store_that_does_not_answer_is_no_proof_that_there_is_none() -> None:
    plan = planned(snapshots=Unknown("no answer"))

    assert not plan.stuck
    assert not plan.is_planned
    assert keys(plan) == ["freeze", "find-out-snapshots", "look-again"]


def test_where_a_person_is_asked_for_the_case_the_move_is_not_forgotten() -> None:
    unknown = {"state": Unknown("no answer"), "cloud": Unknown("no kops")}

    said = [step.command for step in planned(to="s3://new", **unknown).steps if step.command]

    assert f"kled recover plan --name={C} --case=state-lost --to=s3://new" in said


def test_a_move_to_the_same_store_is_none() -> None:
    with pytest.raises(InvalidInput, match="lives in already"):
        planned(to=f"{STORE}/")


def test_a_deletion_that_has_begun_is_ended_or_taken_back() -> None:
    plan = planned(home=HomeLeft(1, STORE, "begun"))

    assert keys(plan)[0] == "decide"
    assert plan.steps[0].command == f"kled kops delete-cluster --name={C} --yes"
    assert plan.steps[0].by == "a person"


def test_a_plan_is_plain_data() -> None:
    document = planned().as_json()

    assert json.loads(json.dumps(document)) == document
    assert document["minutes_remark"] == "not known: no drill yet"
    assert document["by_hand"] == ["let nobody change the cluster", "save etcd while it lives"]
