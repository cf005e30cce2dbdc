"""What a diagnosis says: why, what speaks against it, and what is not known."""

from datetime import UTC, datetime, timedelta

import pytest

from kled.errors import InvalidInput
from kled.recovery.diagnosis import diagnose
from kled.recovery.evidence import (
    ApiLeft,
    BackupLeft,
    CloudLeft,
    DnsLeft,
    Evidence,
    HomeLeft,
    LeaseLeft,
    StateLeft,
)
from kled.recovery.known import Unknown

C = "c.example.com"
STORE = "s3://state"
NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
GONE = StateLeft(STORE, "gone")
WHOLE = StateLeft(STORE, "whole", groups=("control-plane", "nodes"))
SILENT = ApiLeft("silent", ("https://api.c.example.com",))


def evidence(**looks: object) -> Evidence:
    given: dict[str, object] = {
        "state": WHOLE,
        "cloud": CloudLeft("machines", {"instance": 3}),
        "api": ApiLeft("ours", ("https://api.c.example.com",), "the state store"),
        "home": HomeLeft(1, STORE),
        "deletion_on_record": False,
        **looks,
    }
    return Evidence(C, NOW, STORE, **given)  # type: ignore[arg-type]


def test_a_healthy_cluster_has_lost_nothing_and_the_reasons_say_why() -> None:
    diagnosis = diagnose(evidence())

    assert diagnosis.case == "nothing-lost"
    assert diagnosis.sentence == f"{C}: nothing is lost: the cluster and its state are there"
    assert diagnosis.reasons == (
        "s3://state has its definition, its keys and 2 groups",
        "the cloud has 3 resources of it, and machines of a control plane",
        "its API answers at https://api.c.example.com, served by the authority of the state store",
    )
    assert diagnosis.against == ()


def test_an_unknown_that_decides_comes_first_and_says_what_would_tell() -> None:
    cloud = Unknown("there is no kops here", "kled kops install --version=latest")
    diagnosis = diagnose(
        evidence(state=GONE, api=SILENT, cloud=cloud, dns=Unknown("no resolver answers"))
    )

    assert diagnosis.case == "not-known"
    assert diagnosis.possible == ("deleted", "several", "state-lost")
    decides = [each for each in diagnosis.unknown if each.decides]
    assert [(each.key, each.because, each.hint) for each in decides] == [
        ("cloud", "there is no kops here", "kled kops install --version=latest")
    ]
    assert diagnosis.unknown[0] == decides[0]
    assert "dns" in [each.key for each in diagnosis.unknown]


def test_an_unknown_that_changes_nothing_does_not_decide() -> None:
    diagnosis = diagnose(evidence(cloud=Unknown("there is no kops here")))

    assert diagnosis.case == "nothing-lost"
    assert not any(each.decides for each in diagnosis.unknown)


def test_a_person_may_say_which_of_the_cases_that_are_left_it_is() -> None:
    silent = evidence(api=SILENT)

    assert diagnose(silent).case == "not-known"
    told = diagnose(silent, "control-plane-lost")
    assert told.case == "control-plane-lost"
    assert told.said
    assert told.sentence.endswith("(as you say)")


def test_a_case_that_is_excluded_by_what_is_known_is_refused() -> None:
    with pytest.raises(InvalidInput, match="region-lost is excluded") as refused:
        diagnose(evidence(api=SILENT), "region-lost")

    assert "control-plane-lost, nothing-lost" in (refused.value.hint or "")


def test_a_fresh_backup_speaks_against_a_lost_control_plane() -> None:
    fresh = BackupLeft("main", "b", NOW - timedelta(minutes=10), "the state store")
    stale = BackupLeft("events", "b", NOW - timedelta(hours=3), "the state store")
    lost = evidence(
        state=StateLeft(STORE, "whole", backups=(fresh, stale)),
        api=SILENT,
        cloud=CloudLeft("no-control-plane", {"vpc": 1}),
    )
    diagnosis = diagnose(lost)

    assert diagnosis.case == "control-plane-lost"
    assert diagnosis.against == (
        "etcd-manager wrote backup b of etcd main 10 minutes ago: its etcd ran then",
    )


def test_a_held_lease_is_looked_at_first() -> None:
    held = evidence(state=GONE, lease=LeaseLeft("flow update-cluster on host-1"))

    assert diagnose(held).against[0].startswith("flow update-cluster on host-1 holds its lease")


def test_a_deletion_that_nobody_recorded_may_be_another_account() -> None:
    deleted = evidence(
        state=GONE,
        api=SILENT,
        cloud=CloudLeft("nothing"),
        dns=DnsLeft("api.c.example.com", ("203.0.113.9",)),
    )
    diagnosis = diagnose(deleted)

    assert diagnosis.case == "deleted"
    assert "kled recorded no deletion" in diagnosis.against[0]
    assert diagnosis.against[1] == "api.c.example.com resolves to 203.0.113.9 still"


@pytest.mark.parametrize(
    ("home", "on_record", "end"),
    [
        (HomeLeft(1, STORE, "begun"), True, "begun"),
        (HomeLeft(1, STORE, "begun"), Unknown("no answer"), "begun"),
        (HomeLeft(1, STORE), True, "none"),
        (HomeLeft(), True, "begun"),
        (HomeLeft(), False, "none"),
        (HomeLeft(), Unknown("no answer"), None),
        (Unknown("no answer"), True, None),
    ],
)
def test_the_record_of_a_deletion_counts_where_no_epoch_tells(
    home: object, on_record: object, end: str | None
) -> None:
    """A cluster that was kept after all keeps the record, and its epoch says that it stays."""
    assert evidence(home=home, deletion_on_record=on_record).facts.end == end


def test_an_api_of_another_authority_speaks_against_every_restore() -> None:
    diagnosis = diagnose(evidence(api=ApiLeft("another", ("https://x",), "snapshot S")))

    assert diagnosis.case == "state-lost"
    assert "another authority of that name than snapshot S has" in diagnosis.reasons[-1]
    assert "a rotation came after" in diagnosis.against[0]


def test_where_it_lives_elsewhere_the_epoch_says_so() -> None:
    diagnosis = diagnose(evidence(home=HomeLeft(4, "s3://new")))

    assert diagnosis.case == "elsewhere"
    assert diagnosis.reasons[0] == (
        "the epoch says that it lives in s3://new since epoch 4, not in s3://state"
    )


def test_machines_of_a_group_without_a_definition_are_a_loss_though_all_seems_well() -> None:
    """kops forgets them, and calls the cluster healthy."""
    forgotten = CloudLeft("machines", {"instance": 3}, ("control-plane", "nodes", "spot"))
    diagnosis = diagnose(evidence(cloud=forgotten))

    assert diagnosis.case == "state-lost"
    assert "machines of spot run" in diagnosis.reasons[1]


def test_evidence_is_plain_data() -> None:
    document = evidence(dns=Unknown("no resolver answers", "try again")).as_json()

    assert document["dns"] == {"unknown": "no resolver answers", "hint": "try again"}
    assert document["at"] == "2026-11-30T03:00:00+00:00"
    assert document["state"] == {
        "url": STORE,
        "fact": "whole",
        "counts": {},
        "groups": ["control-plane", "nodes"],
        "findings": [],
        "damaged": [],
        "markers": [],
        "backups": [],
    }
