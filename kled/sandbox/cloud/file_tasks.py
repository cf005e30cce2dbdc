"""The tasks of the state store: keypairs, secrets, manifests and the nodes' configuration."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from kled.sandbox.cloud import node_labels
from kled.sandbox.cloud.group_tasks import is_bastion, is_control_plane
from kled.sandbox.cloud.tasks import Task, Where
from kled.sandbox.definition import completed_spec, yaml_form
from kled.sandbox.store.keysets import expected, key_of
from kled.sandbox.store.places import Place, Places

KOPS_VERSION = "1.36.2"
KEYPAIRS = (
    "apiserver-aggregator-ca",
    "etcd-clients-ca",
    "etcd-manager-ca-events",
    "etcd-manager-ca-main",
    "etcd-peers-ca-events",
    "etcd-peers-ca-main",
    "kubernetes-ca",
    "service-account",
)
SECRETS = (
    "admin",
    "kube",
    "kube-proxy",
    "kubelet",
    "system:controller_manager",
    "system:dns",
    "system:logging",
    "system:monitoring",
    "system:scheduler",
)
_ADDONS = (
    ("kops-controller.addons.k8s.io", "k8s-1.16", "k8s-1.16"),
    ("coredns.addons.k8s.io", "k8s-1.12", "k8s-1.12"),
    ("kubelet-api.rbac.addons.k8s.io", "k8s-1.9", "k8s-1.9"),
    ("limit-range.addons.k8s.io", "", "v1.5.0"),
    ("dns-controller.addons.k8s.io", "k8s-1.12", "k8s-1.12"),
    ("node-termination-handler.aws", "k8s-1.11", "k8s-1.11"),
    ("aws-cloud-controller.addons.k8s.io", "k8s-1.18", "k8s-1.18"),
    ("aws-ebs-csi-driver.addons.k8s.io", "k8s-1.17", "k8s-1.17"),
    ("storage-aws.addons.k8s.io", "v1.15.0", "v1.15.0"),
    ("networking.cilium.io", "k8s-1.16", "k8s-1.16-v1.15"),
)
"""name, id and file of each addon, in the order of the bootstrap channel (state-store-1cp)."""


@dataclass(frozen=True)
class Definition:
    """What the state store says of a cluster: the input of every task."""

    cluster: dict[str, Any]
    groups: list[dict[str, Any]]
    keypair_ids: dict[str, str]
    """Primary id of each keyset that exists."""
    trusted: dict[str, str]
    """The certificates of each keyset that machines trust, as PEM."""
    completed: dict[str, Any]
    """The cluster with what kops adds to it."""
    places: Places
    former: frozenset[str] = frozenset()
    """Keysets that stand under the name of a kops before 1.22."""

    @property
    def name(self) -> str:
        """Return the cluster's name."""
        name: str = self.cluster["metadata"]["name"]
        return name


def file_tasks(definition: Definition) -> Iterator[Task]:
    """Yield every object that `update cluster` writes, wherever the definition keeps it."""
    yield from _credentials(definition)
    yield from _addons(definition)
    yield from _cluster_files(definition)
    for group in definition.groups:
        if is_bastion(group):
            continue  # no nodeup runs there
        yield _node_config(definition, group)
        if is_control_plane(group):
            for etcd in definition.cluster["spec"].get("etcdClusters", []):
                yield _etcd_manifest(definition, group, etcd)


def user_data(definition: Definition, group: dict[str, Any]) -> str:
    """Return the bootstrap script of a group, which changes with its configuration.

    Bastions have none.
    """
    if is_bastion(group):
        return ""
    name = group["metadata"]["name"]
    role = "ControlPlane" if is_control_plane(group) else group["spec"]["role"]
    digest = hashlib.sha256(_node_config(definition, group).body or b"").hexdigest()
    return (
        f"#!/bin/bash\nset -o errexit\n\ncat > conf/kube_env.yaml << '__EOF_KUBE_ENV'\n"
        f"CloudProvider: aws\nClusterName: {definition.name}\n"
        f"{'' if is_control_plane(group) else _config_server(definition)}"
        f"InstanceGroupName: {name}\n"
        f"InstanceGroupRole: {role}\nNodeupConfigHash: {digest}\n\n__EOF_KUBE_ENV\n"
        "\ndownload-release\n"
    )


def _config_server(definition: Definition) -> str:
    """Return what tells nodes whom to ask for their configuration, and whom to trust (37)."""
    trusted = definition.trusted.get("kubernetes-ca", "")
    server = f"https://kops-controller.internal.{definition.name}:3988/"
    content = {"CACertificates": trusted, "servers": [server]}
    return document({"ConfigServer": content}).decode()


def document(content: object) -> bytes:
    """Render YAML as kops stores it."""
    return yaml_form.dump(content).encode()


def _credentials(definition: Definition) -> Iterator[Task]:
    places = definition.places
    for name in expected(definition.cluster):
        fields = (
            ("Subject", f"cn={name}"),
            ("Issuer", ""),
            ("Type", "ca"),
            ("LegacyFormat", "false"),
        )
        at = places.pki
        held = name in definition.keypair_ids
        task = Task(
            "Keypair", name, fields, Where.STORE, place=at, store_key=key_of(name), held=held
        )
        yield replace(task, former=name in definition.former)
    for name in SECRETS:
        yield Task("Secret", name, (), Where.STORE, place=places.secrets, store_key=name)


def _file(definition: Definition, title: str, path: str, body: bytes, phase: int = 0) -> Task:
    fields = (("Location", path),)
    kind, _, name = title.partition("/")
    base = definition.places.base
    return Task(kind, name, fields, Where.STORE, phase, place=base, store_key=path, body=body)


def _addons(definition: Definition) -> Iterator[Task]:
    entries = []
    for name, identity, file in _ADDONS:
        body = _addon(name, definition)
        path = f"{name}/{file}.yaml"
        entry = {
            "manifest": path,
            "manifestHash": hashlib.sha256(body).hexdigest(),
            "name": name,
            "selector": {"k8s-addon": name},
            **({"id": identity} if identity else {}),
        }
        entries.append(entry)
        title = f"AddonManifest/{definition.name}-addons-{name}{'-' * bool(identity)}{identity}"
        yield _file(definition, title, f"addons/{path}", body, phase=8)
    channel = {
        "kind": "Addons",
        "metadata": {"name": "bootstrap"},
        "spec": {"addons": entries},
    }
    title = f"BootstrapChannel/{definition.name}-addons-bootstrap"
    yield _file(definition, title, "addons/bootstrap-channel.yaml", document(channel), phase=9)


def _addon(name: str, definition: Definition) -> bytes:
    dns = definition.cluster["spec"].get("topology", {}).get("dns", {}).get("type", "None")
    if name == "dns-controller.addons.k8s.io" and dns == "None":
        return b""  # kops writes an empty object where DNS is None (state-store-1cp)
    labels = {
        "addon.kops.k8s.io/name": name,
        "app.kubernetes.io/managed-by": "kops",
        "k8s-addon": name,
    }
    metadata = {
        "labels": labels,
        "name": name.split(".", maxsplit=1)[0],
        "namespace": "kube-system",
    }
    data = {"clusterName": definition.name}
    return document({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


def _cluster_files(definition: Definition) -> Iterator[Task]:
    base = definition.places.base
    completed = definition.completed
    for title, place, path, body in (
        ("cluster-completed.spec", base, "cluster-completed.spec", document(completed)),
        ("kops-version.txt", base, "kops-version.txt", KOPS_VERSION.encode()),
        *_etcd_specs(definition),
    ):
        fields = (("Base", place.url), ("Location", path))
        key = path.removeprefix("/")
        yield Task("ManagedFile", title, fields, Where.STORE, place=place, store_key=key, body=body)
    channels = _pod("kops-channels", "channels", [f"{base.url}/addons/bootstrap-channel.yaml"])
    path = "manifests/channels/kops-channels.yaml"
    yield _file(definition, "ManagedFile/manifests-channels-kops-channels", path, channels)
    check = _pod("healthcheck", "kube-apiserver-healthcheck", ["--ca-cert=/secrets/ca.crt"])
    path = "manifests/static/kube-apiserver-healthcheck.yaml"
    yield _file(definition, "ManagedFile/manifests-static-kube-apiserver-healthcheck", path, check)


def _etcd_specs(definition: Definition) -> Iterator[tuple[str, Place, str, bytes]]:
    for etcd in definition.cluster["spec"].get("etcdClusters", []):
        version = etcd.get("version", completed_spec.ETCD_VERSION)
        spec = {"memberCount": len(etcd["etcdMembers"]), "etcdVersion": version}
        place = definition.places.backups[etcd["name"]]
        body = json.dumps(spec, indent=2).encode()
        yield f"etcd-cluster-spec-{etcd['name']}", place, "/control/etcd-cluster-spec", body


def _pod(name: str, image: str, args: list[str]) -> bytes:
    container = {"args": args, "image": f"registry.k8s.io/kops/{image}:{KOPS_VERSION}"}
    return document(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "kube-system", "labels": {"k8s-app": name}},
            "spec": {"containers": [{**container, "name": name}], "hostNetwork": True},
        }
    )


def _etcd_manifest(definition: Definition, group: dict[str, Any], etcd: dict[str, Any]) -> Task:
    name, own = etcd["name"], group["metadata"]["name"]
    body = _pod(
        f"etcd-manager-{name}",
        "etcd-manager",
        [
            f"--backup-store={definition.places.backups[name].url}",
            f"--cluster-name={'etcd' if name == 'main' else f'etcd-{name}'}",
            f"--dns-suffix=.internal.{definition.name}",
            f"--volume-tag=kubernetes.io/cluster/{definition.name}=owned",
        ],
    )
    path = f"manifests/etcd/{name}-{own}.yaml"
    return _file(definition, f"ManagedFile/manifests-etcdmanager-{name}-{own}", path, body)


def _node_config(definition: Definition, group: dict[str, Any]) -> Task:
    completed = definition.completed["spec"]
    control_plane = is_control_plane(group)
    own = group["metadata"]["name"]
    keypairs = KEYPAIRS if control_plane else ("kubernetes-ca",)
    kubelet = completed["masterKubelet" if control_plane else "kubelet"]
    config: dict[str, Any] = {
        "CAs": {name: definition.trusted.get(name, "") for name in keypairs},
        "ClusterName": definition.name,
        "KeypairIDs": {name: definition.keypair_ids.get(name, "") for name in keypairs},
        "KubeletConfig": {**kubelet, "nodeLabels": node_labels.wanted(definition.cluster, group)},
        "KubernetesVersion": completed["kubernetesVersion"],
        "UpdatePolicy": "automatic",
        "containerdConfig": completed["containerd"],
        "usesLegacyGossip": False,
        "usesNoneDNS": True,
    }
    if control_plane:
        config["APIServerConfig"] = {"KubeAPIServer": completed["kubeAPIServer"]}
    folder = "control-plane" if control_plane else group["spec"]["role"].lower()
    path = f"igconfig/{folder}/{own}/nodeupconfig.yaml"
    return _file(definition, f"ManagedFile/nodeupconfig-{own}", path, document(config), phase=8)
