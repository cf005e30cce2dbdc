"""A blast radius says what it does not know, and never calls it none."""

from datetime import timedelta

from kled.models.blast_radius import BlastRadius, EndedMachines, GroupRoll

ROLLS = (GroupRoll("control-plane-a", "control-plane", 1), GroupRoll("nodes-a", "node", 2))


def test_nothing_touched_is_none_in_words() -> None:
    words = dict(BlastRadius("c.example.com").rows())

    assert words.pop("time") == "no roll"
    assert set(words.values()) == {"none"}


def test_what_could_not_be_asked_is_unknown_and_null() -> None:
    why = {"blocking": "the Kubernetes API does not answer"}
    radius = BlastRadius("c.example.com", ROLLS, blocking=None, services=None, unknown=why)

    words, data = dict(radius.rows()), radius.as_json()

    assert words["budgets that block"] == "unknown: the Kubernetes API does not answer"
    assert words["services with a load balancer"] == "unknown: it could not be asked"
    assert data["blocking"] is None
    assert data["unreplicated"] == []
    assert data["unknown"] == why


def test_machines_and_time_are_told_by_group() -> None:
    radius = BlastRadius(
        "c.example.com",
        ROLLS,
        ended=(EndedMachines("spot", 3),),
        duration=timedelta(minutes=12, seconds=40),
    )

    words = dict(radius.rows())

    assert radius.machines == 3
    assert (
        words["machines that roll"] == "1 of control-plane-a (control-plane), 2 of nodes-a (node)"
    )
    assert words["ended without draining"] == "3 of spot"
    assert words["time"] == "about 13 min by this cluster's own past"


def test_a_cluster_without_a_past_has_no_estimate() -> None:
    assert "unknown" in dict(BlastRadius("c.example.com", ROLLS).rows())["time"]
