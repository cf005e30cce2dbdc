"""The node termination handler's queue and rules (captures 02b, T-px-au-prev).

Their names begin with the cluster's, and kops looks for them by the beginning of a name, not by
their tags (kops 1.36.2: pkg/resources/aws/sqs.go, eventbridge.go; awstasks/sqs.go): whose names
begin alike has his taken for one's own.
"""

from collections.abc import Iterator
from typing import Any, Final

from kled.sandbox.cloud import naming
from kled.sandbox.cloud.account import ACCOUNT, State
from kled.sandbox.cloud.tasks import Task, mapping, reference, tags

QUEUE, RULE, TARGET = "SQS", "EventBridgeRule", "EventBridgeTarget"
MANAGED: Final = "aws-node-termination-handler/managed"
_RETENTION = "300"
_EVENTS = {
    "ASGLifecycle": '{"source":["aws.autoscaling"],"detail-type":["EC2 Instance-terminate '
    'Lifecycle Action"]}',
    "SpotInterruption": '{"source": ["aws.ec2"],"detail-type": ["EC2 Spot Instance Interruption '
    'Warning"]}',
    "InstanceStateChange": '{"source": ["aws.ec2"],"detail-type": ["EC2 Instance State-change '
    'Notification"]}',
    "InstanceScheduledChange": '{"source": ["aws.health"],"detail-type": ["AWS Health Event"],'
    '"detail": {"service": ["EC2"],"eventTypeCategory": ["scheduledChange"]}}',
}
_REBALANCE = {
    "RebalanceRecommendation": '{"source": ["aws.ec2"],"detail-type": ["EC2 Instance Rebalance '
    'Recommendation"]}'
}
_SPOKEN = {QUEUE: "SQS queues matching queue name", RULE: "EventBridge rules with the same name"}


def termination_tasks(cluster: dict[str, Any]) -> Iterator[Task]:
    """Yield the queue, a rule for each event and the rule's target, unless it is turned off."""
    if not is_queue_mode(cluster):
        return
    name = cluster["metadata"]["name"]
    queue = f"{naming.queue_prefix(name)}-nth"
    own = (("MessageRetentionPeriod", _RETENTION), ("Tags", mapping(tags(name, queue))))
    yield Task(QUEUE, queue, own, phase=0)
    events = {**_EVENTS, **(_REBALANCE if _handler(cluster).get("enableRebalanceDraining") else {})}
    for event, pattern in events.items():
        rule = f"{naming.rule_prefix(name)}-{event}"
        fields = (
            ("EventPattern", pattern),
            ("SQSQueue", f"name:{queue}"),
            ("Tags", mapping(tags(name, rule))),
        )
        yield Task(RULE, rule, fields, phase=1)
        target = (("Rule", reference(rule)), ("SQSQueue", f"name:{queue}"))
        yield Task(TARGET, f"{rule}-Target", target, phase=2)


def is_queue_mode(cluster: dict[str, Any]) -> bool:
    """Tell whether the handler listens to a queue: kops' default."""
    handler = _handler(cluster)
    karpenter = (cluster["spec"].get("karpenter") or {}).get("enabled", False)
    enabled = handler.get("enabled", not karpenter)
    return bool(enabled and handler.get("enableSQSTerminationDraining", True))


def managed_tag(cluster: dict[str, Any]) -> dict[str, str]:
    """Return the tag by which the handler knows its autoscaling groups; none where it is off."""
    tag = _handler(cluster).get("managedASGTag", MANAGED)
    return {tag: ""} if is_queue_mode(cluster) and tag else {}


def lookup(state: State, task: Task) -> tuple[dict[str, Any] | None, str]:
    """Return what kops takes for a queue or rule that exists, and else why it cannot tell."""
    records = list(find_by_prefix(state, task.kind, task.name).values())
    if len(records) > 1:
        return None, f"found multiple {_SPOKEN[task.kind]}"
    return (records[0] if records else None), ""


def find_by_prefix(state: State, kind: str, prefix: str) -> dict[str, dict[str, Any]]:
    """Return the account's records of a kind whose names begin so, whoever's they are, by place."""
    return {
        place: record
        for place, record in state["resources"].items()
        if record["kind"] == kind and record["name"].startswith(prefix)
    }


def find_deleted_with(state: State, cluster: str) -> dict[str, dict[str, Any]]:
    """Return the queues and rules that `delete cluster` takes for the cluster's, by place."""
    return {
        **find_by_prefix(state, QUEUE, cluster.replace(".", "-")),
        **find_by_prefix(state, RULE, naming.rule_prefix(cluster)),
    }


def queue_url(region: str, name: str) -> str:
    """Return the URL that is a queue's id."""
    return f"https://sqs.{region}.amazonaws.com/{ACCOUNT}/{name}"


def _handler(cluster: dict[str, Any]) -> dict[str, Any]:
    return cluster["spec"].get("nodeTerminationHandler") or {}
