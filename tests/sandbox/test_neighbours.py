"""Deleting a cluster takes what has a name that begins as its own: others' queues and rules.

Fault 61: kops lists both by the beginning of their names; the sandbox does the same harm.
"""

import json
from pathlib import Path

import pytest

from kled.sandbox.cloud import naming
from kled.sandbox.cloud.account import Cloud, State, key
from tests.sandbox.desk import REGION, Desk
from tests.sandbox.recordings import differences, recording

A, AU = "a.example.com", "a.example.com.au"
EVENTS = ("ASGLifecycle", "InstanceScheduledChange", "InstanceStateChange", "SpotInterruption")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "box")


def named(state: State, kind: str) -> set[str]:
    return {record["name"] for record in state["resources"].values() if record["kind"] == kind}


def rules(cluster: str) -> set[str]:
    return {f"{cluster}-{event}" for event in EVENTS}


def strangers(desk: Desk, queue: str, rule: str) -> None:
    """Put a queue and a rule into the account that no kops made."""
    with Cloud(desk.directory, REGION).edit() as state:
        for kind, name in (("SQS", queue), ("EventBridgeRule", rule)):
            fields = [["EventPattern", "{}"]]
            record = {"cluster": "", "kind": kind, "name": name, "id": name, "fields": fields}
            state["resources"][key("", kind, name)] = {**record, "version": 1}


def rows(table: str, kind: str) -> list[str]:
    return [row.split()[1] for row in table.splitlines() if row.startswith(f"{kind}\t")]


def test_an_update_makes_a_queue_and_a_rule_for_each_event(desk: Desk) -> None:
    desk.create(A)
    desk.apply(A)

    state = desk.cloud()
    assert named(state, "SQS") == {"a-example-com-nth"}
    assert named(state, "EventBridgeRule") == rules(A)
    assert named(state, "EventBridgeTarget") == {f"{rule}-Target" for rule in rules(A)}


def test_deleting_a_cluster_takes_its_neighbour_s_queue_and_rules(desk: Desk) -> None:  # fault 61
    for name in (A, AU):
        desk.create(name)
        desk.apply(name)

    preview = desk.must("delete", "cluster", f"--name={A}")
    assert set(rows(preview, "eventbridge-rule")) == rules(A) | rules(AU)
    queues = ["a-example-com-au-nth", "a-example-com-nth"]
    assert [url.rsplit("/")[-1] for url in rows(preview, "sqs")] == queues
    desk.must("delete", "cluster", f"--name={A}", "--yes")

    state = desk.cloud()
    kinds = ("SQS", "EventBridgeRule", "EventBridgeTarget")
    assert [named(state, kind) for kind in kinds] == [set()] * 3
    assert set(desk.machines(AU).values()) == {
        f"control-plane-us-east-1a.masters.{AU}",
        f"nodes-us-east-1a.{AU}",
    }


def test_what_the_neighbour_lacks_then_reads_as_recorded(desk: Desk) -> None:  # fault 61
    for name in (A, AU):
        desk.create(name, "--node-count=1")
        desk.apply(name)
    url = recording("T-px-au-prev").stderr.split('KOPS_BASE_URL="')[1].split('"')[0]
    before = desk.run("update", "cluster", "--name", AU, env={"KOPS_BASE_URL": url})
    desk.must("delete", "cluster", f"--name={A}", "--yes")
    after = desk.run("update", "cluster", "--name", AU, env={"KOPS_BASE_URL": url})

    assert differences(before, "T-px-au-prev0") == []
    assert differences(after, "T-px-au-prev") == []


def test_an_update_makes_the_neighbour_whole_again(desk: Desk) -> None:
    for name in (A, AU):
        desk.create(name)
        desk.apply(name)
    desk.must("delete", "cluster", f"--name={A}", "--yes")
    desk.apply(AU)

    assert named(desk.cloud(), "EventBridgeRule") == rules(AU)
    assert "No changes" in desk.must("update", "cluster", f"--name={AU}")


@pytest.mark.parametrize(
    ("capture", "names", "queue", "rule"),
    [
        ("N-px-delete-preview", (A, AU), "a-example-com-orders", "a.example.com-nightly"),
        ("N-px-prod-delete-preview", (A, AU, "prod"), "production-orders", "prod-nightly"),
    ],
)
def test_the_preview_lists_neighbours_and_strangers_as_recorded(
    desk: Desk, capture: str, names: tuple[str, ...], queue: str, rule: str
) -> None:
    for name in names:
        desk.create(name, "--node-count=1")
        desk.apply(name)
    strangers(desk, queue, rule)

    done = desk.run(*recording(capture).cmd.split()[1:])

    assert differences(done, capture) == []


def test_a_cluster_whose_name_has_no_dot_leaves_its_ssh_key(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "key.pub").write_text("ssh-ed25519 AAAA me\n")
    for name in ("prod", A):
        desk.create(name, f"--ssh-public-key={tmp_path}/key.pub")
        desk.apply(name)
        desk.must("delete", "cluster", f"--name={name}", "--yes")

    left = named(desk.cloud(), "SSHKey")
    assert {name.split("-")[0] for name in left} == {"kubernetes.prod"}


def test_what_is_no_cluster_s_goes_with_it_too(desk: Desk) -> None:
    desk.create("prod")
    desk.apply("prod")
    strangers(desk, "production-orders", "prod-nightly")

    desk.must("delete", "cluster", "--name=prod", "--yes")

    assert (
        desk.cloud()["resources"]
        .keys()
        .isdisjoint(
            {key("", "SQS", "production-orders"), key("", "EventBridgeRule", "prod-nightly")}
        )
    )


def test_clusters_whose_names_differ_in_dots_alone_share_one_queue(desk: Desk) -> None:
    for name in ("a.b.example.com", "a-b.example.com"):
        desk.create(name)
        desk.apply(name)

    assert named(desk.cloud(), "SQS") == {"a-b-example-com-nth"}
    desk.must("delete", "cluster", "--name=a.b.example.com", "--yes")
    assert named(desk.cloud(), "SQS") == set()
    left = desk.must("update", "cluster", "--name=a-b.example.com")
    assert "SQS/a-b-example-com-nth" in left
    assert "EventBridgeRule/" not in left


def test_a_neighbour_s_queue_is_taken_for_one_s_own(desk: Desk) -> None:
    for name in ("prod-nth", "prod"):
        desk.create(name)
    desk.apply("prod-nth")

    preview = desk.must("update", "cluster", "--name=prod")

    assert "EventBridgeRule/prod-ASGLifecycle" in preview
    modified = preview.split("Will modify resources:")[1]
    assert "SQS/prod-nth\n" in modified


def test_a_long_name_s_rules_begin_with_its_first_letters_and_a_hash(desk: Desk) -> None:
    name = "a-very-long-name-of-a-cluster.of.some.team.example.com"
    desk.create(name)
    desk.apply(name)

    prefix = f"a-very-long-name-of-a-cluster.of.-{naming.short_hash(name)}"
    assert len(prefix) == 40
    assert named(desk.cloud(), "EventBridgeRule") == rules(prefix)


def test_a_handler_that_is_turned_off_has_neither(desk: Desk) -> None:
    desk.create(A)
    off = {"nodeTerminationHandler": {"enabled": False}}
    desk.edit(f"{A}/config", lambda document: document["spec"].update(off))
    desk.apply(A)

    state = desk.cloud()
    assert named(state, "SQS") | named(state, "EventBridgeRule") == set()
    assert "aws-node-termination-handler" not in json.dumps(state)


def test_a_dump_has_the_queue_and_the_rules(desk: Desk) -> None:
    desk.create(A)
    desk.apply(A)

    dump = json.loads(desk.must("toolbox", "dump", f"--name={A}", "-o=json"))

    found = {each["name"]: each for each in dump["resources"] if "name" in each}
    url = "https://sqs.us-east-1.amazonaws.com/123456789012/a-example-com-nth"
    assert found.keys() == rules(A) | {url}
    assert found[url]["raw"] == url
    pattern = json.loads(found[f"{A}-SpotInterruption"]["raw"]["EventPattern"])
    assert pattern["source"] == ["aws.ec2"]
