"""What kops' validation sees of a cluster: its nodes and its failures, at this moment."""

from dataclasses import dataclass, field
from typing import Any

from kled.sandbox import faults
from kled.sandbox.cloud import naming
from kled.sandbox.cloud.account import Cloud, key, region_of
from kled.sandbox.cloud.group_tasks import full_name
from kled.sandbox.cloud.instances import Machine, api_answers, machines
from kled.sandbox.cloud.membership import machines_of_groups
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition.definitions import load_cluster, load_groups
from kled.sandbox.store import keysets, places

_PLACEHOLDER = (
    "Validation Failed\n\nThe dns-controller Kubernetes deployment has not updated the Kubernetes"
    " cluster's API DNS entry to the correct IP address.  The API DNS IP address is the placeholder"
    " address that kops creates: 203.0.113.123.  Please wait about 5-10 minutes for a control plane"
    " node to start, dns-controller to launch, and DNS to propagate.  The protokube container and"
    " dns-controller deployment logs may contain more diagnostic information.  Etcd and the API DNS"
    " entries must be updated for a kops Kubernetes cluster to start."
)


@dataclass(frozen=True)
class Failure:
    """One reason why the cluster is not valid, as kops names it."""

    kind: str
    name: str
    message: str
    group: dict[str, Any] | None = None


@dataclass(frozen=True)
class Health:
    """One validation: nodes that joined, and what is wrong."""

    groups: list[dict[str, Any]]
    nodes: list[Machine] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


def inspect(ctx: Context, cloud: Cloud, name: str) -> Health:
    """Validate the cluster once. Raises KopsFailure where its API does not answer (capture 21).

    With DNS its name has the placeholder until a control plane is up (capture T-dns-phj).
    """
    groups = load_groups(ctx, name)
    if _has_dns(ctx, name) and not api_answers(ctx, cloud, name):
        return Health(groups, failures=[Failure("dns", "apiserver", _PLACEHOLDER)])
    require_api(ctx, cloud, name)
    members = machines_of_groups(machines(ctx, cloud, name), name, groups)
    owners = {group["metadata"]["name"]: group for group in groups}
    of_machine = {m.id: owners[own] for own, ours in members.items() for m in ours}
    all_machines = [machine for ours in members.values() for machine in ours]
    flapped = _flapping(ctx, all_machines)
    failures = [
        *_absent(cloud, name, groups, members),
        *(_machine_failure(m, of_machine[m.id], flapped) for m in all_machines),
        *_pod_failures(ctx, all_machines, of_machine),
    ]
    nodes = [machine for machine in all_machines if machine.joined]
    return Health(groups, nodes, [failure for failure in failures if failure is not None])


def _has_dns(ctx: Context, name: str) -> bool:
    kind = load_cluster(ctx, name)["spec"].get("topology", {}).get("dns", {}).get("type", "None")
    return bool(kind != "None" and not name.endswith(".k8s.local"))


def require_api(ctx: Context, cloud: Cloud, name: str) -> None:
    """Raise KopsFailure unless the cluster's Kubernetes API answers."""
    if not api_answers(ctx, cloud, name):
        raise KopsFailure(f"error listing nodes: {unreachable(cloud.region, name)}")


def unreachable(region: str, name: str) -> str:
    """Return what Go's HTTP client says of a cluster whose API has no address yet."""
    host = api_host(region, name)
    return (
        f'Get "https://{host}/api/v1/nodes": dial tcp: lookup {host} on 192.0.2.53:53: no such host'
    )


def api_host(region: str, name: str) -> str:
    """Return the DNS name of a cluster's API load balancer (kubeconfigs point there)."""
    return balancer_host(region, naming.load_balancer("api", name))


def balancer_host(region: str, balancer: str) -> str:
    """Return the DNS name of a load balancer."""
    return f"{balancer}-1.{region}.elb.amazonaws.com"


def require_authority(ctx: Context, name: str) -> None:
    """Raise KopsFailure where the cluster has no CA (captures E14e, E14f, N-ca-*).

    Before the first update its API has no address either, and kops says so first.
    """
    cluster = load_cluster(ctx, name)
    pki = places.of(ctx, cluster).pki
    if keysets.find(pki, "kubernetes-ca") is not None:
        return
    balancer = key(name, "NetworkLoadBalancer", f"api.{name}")
    if balancer not in Cloud(ctx.sandbox, region_of(cluster)).read()["resources"]:
        internal = "no external API endpoints found; falling back to internal API endpoints"
        for _ in range(2):
            ctx.log("I", "create_kubecfg.go:126", internal)
        missing = "Did not find API endpoint; may not be able to reach cluster"
        ctx.log("W", "create_kubecfg.go:131", missing)
    keysets.note_absent(ctx, pki)
    raise KopsFailure("cannot find CA certificate")


def role(machine: Machine) -> str:
    """Return a node's role as validation and `get instances` print it."""
    if machine.bastion:
        return "bastion"
    return "control-plane" if machine.control_plane else "node"


def _absent(
    cloud: Cloud, name: str, groups: list[dict[str, Any]], members: dict[str, list[Machine]]
) -> list[Failure]:
    """Report groups with fewer machines than their autoscaling group wants, and those without one.

    What the definition says counts only once it is applied (kops: validate_cluster.go).
    """
    resources = cloud.read()["resources"]
    failures = []
    for group in groups:
        own = group["metadata"]["name"]
        record = resources.get(key(name, "AutoscalingGroup", full_name(name, group)))
        have = sum(not machine.detached for machine in members[own])
        if record is None:
            text = f'InstanceGroup "{own}" is missing from the cloud provider'
        elif have < record["desired"]:
            text = f'InstanceGroup "{own}" did not have enough nodes {have} vs {record["desired"]}'
        else:
            continue
        failures.append(Failure("InstanceGroup", own, text, group))
    return failures


def _machine_failure(machine: Machine, group: dict[str, Any], flapped: str) -> Failure | None:
    if not machine.joined:
        if machine.detached or machine.bastion:
            return None
        text = f'machine "{machine.id}" has not yet joined cluster'
        return Failure("Machine", machine.id, text, group)
    if machine.ready and machine.id != flapped:
        return None
    text = f'node "{machine.id}" of role "{role(machine)}" is not ready'
    return Failure("Node", machine.id, text, group)


def _flapping(ctx: Context, machines: list[Machine]) -> str:
    workers = [m.id for m in machines if m.ready and not m.control_plane]
    return workers[0] if workers and faults.flaps(ctx.sandbox) else ""


def _pod_failures(
    ctx: Context, machines: list[Machine], groups: dict[str, dict[str, Any]]
) -> list[Failure]:
    injected = faults.active(ctx.sandbox)
    pending = str(injected.get("pod-pending", {}).get("pods", "coredns-a,coredns-b"))
    pods = pending.split(",") if "pod-pending" in injected else []
    failures = [
        Failure("Pod", f"kube-system/{pod}", f'system-cluster-critical pod "{pod}" is pending')
        for pod in pods
    ]
    if "missing-pod" in injected:
        pod = injected["missing-pod"].get("pod", "kube-scheduler")
        failures += [
            Failure(
                "Node",
                machine.id,
                f'control-plane node "{machine.id}" is missing {pod} pod',
                groups[machine.id],
            )
            for machine in machines
            if machine.control_plane and machine.ready
        ]
    return failures
