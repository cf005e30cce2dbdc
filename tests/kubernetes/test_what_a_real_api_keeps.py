"""Nodes, server-side apply, names and credentials on a real API; and who etcd says serves it."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import ConfigMap, Endpoints, Node

from kled.errors import CredentialsRefused, InvalidInput, KubernetesConflict, KubernetesRefused
from kled.kubernetes.apply import apply
from kled.kubernetes.client import connect
from kled.kubernetes.nodes import cordon, has_any, nodes, remove_taint, uncordon
from kled.kubernetes.served import served_certificate
from tests.kubernetes.control_plane import ADVERTISED, NAME
from tests.kubernetes.identities import Authority
from tests.kubernetes.workloads import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from kled.kubernetes.client import Api
    from tests.kubernetes.control_plane import ControlPlane
    from tests.kubernetes.workloads import Workloads

pytestmark = pytest.mark.kubernetes
LEASES = "/registry/masterleases/"
GONE = "192.0.2.66"


def settings(running: Workloads, **data: str) -> dict[str, object]:
    metadata = {"name": "settings", "namespace": running.namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def test_cordons_and_taints_change_nothing_else(api: Api, plane: ControlPlane) -> None:
    taints = [{"key": key, "effect": "PreferNoSchedule"} for key in ("ours", "theirs")]
    api.client.patch(Node, "n2", {"spec": {"taints": taints}})

    told = [cordon(api, "n2"), cordon(api, "n2"), remove_taint(api, "n2", "ours")]
    tainted = nodes(api)[1]
    told += [uncordon(api, "n2"), remove_taint(api, "n2", "theirs"), cordon(api, "n9")]

    assert told == [True, False, True, True, True, False]
    assert [taint.key for taint in tainted.taints if taint.key in {"ours", "theirs"}] == ["theirs"]
    assert (tainted.cordoned, tainted.instance) == (True, "i-n2")


def test_writes_of_several_at_once_lose_nothing(api: Api) -> None:
    keys = [f"example.com/{number}" for number in range(4)]
    taints = [{"key": key, "effect": "PreferNoSchedule"} for key in keys]
    api.client.patch(Node, "n2", {"spec": {"taints": taints}})

    threads = [threading.Thread(target=remove_taint, args=(api, "n2", key)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not {taint.key for taint in nodes(api)[1].taints} & set(keys)


def test_what_another_manager_owns_is_taken_by_force_alone(api: Api, running: Workloads) -> None:
    apply(api, settings(running, colour="red"))
    apply(api, settings(running, colour="red"))
    theirs = {"data": {"colour": "blue", "size": "big"}}
    api.client.patch(ConfigMap, "settings", theirs, namespace=running.namespace)

    with pytest.raises(KubernetesConflict):
        apply(api, settings(running, colour="green"))
    kept = api.client.get(ConfigMap, "settings", namespace=running.namespace).data
    apply(api, settings(running, colour="green"), force=True)

    taken = api.client.get(ConfigMap, "settings", namespace=running.namespace).data
    assert kept == {"colour": "blue", "size": "big"}
    assert taken == {"colour": "green", "size": "big"}


def test_what_the_api_does_not_take_is_said_in_its_words(api: Api, running: Workloads) -> None:
    running.deploy("web", 1)
    about = {"name": "web", "namespace": running.namespace}
    selector = {"matchLabels": {"app": "other"}}
    template = {"metadata": {"labels": {"app": "other"}}, "spec": {"containers": [{"name": "c"}]}}
    changed = {"selector": selector, "template": template}

    with pytest.raises(KubernetesRefused, match="field is immutable"):
        apply(
            api,
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": about, "spec": changed},
            force=True,
        )
    with pytest.raises(InvalidInput):
        apply(api, {"apiVersion": "example.com/v1", "kind": "Wish", "metadata": about})

    assert api.client.get(Deployment, "web", namespace=running.namespace)


def test_an_api_behind_another_name_is_known_by_its_certificate(
    plane: ControlPlane, joined: None
) -> None:
    with connect(plane.kubeconfig("named", server_name=NAME)) as api:
        assert has_any(api)
    with (
        connect(plane.kubeconfig("other", server_name="api.internal.other")) as api,
        pytest.raises(CredentialsRefused),
    ):
        has_any(api)
    assert served_certificate(plane.server) == served_certificate(plane.server, name=NAME)


def test_a_user_without_rights_and_a_certificate_that_ended_are_refused(
    plane: ControlPlane, joined: None
) -> None:
    nobody = plane.authority.client("nobody")
    ended = plane.authority.client("admin", "system:masters", lasts=timedelta(days=-1))

    with (
        connect(plane.kubeconfig("nobody", nobody)) as api,
        pytest.raises(KubernetesRefused, match='User "nobody" cannot list'),
    ):
        has_any(api)
    with connect(plane.kubeconfig("ended", ended)) as api, pytest.raises(CredentialsRefused):
        has_any(api)


def test_a_certificate_of_another_authority_is_refused(
    plane: ControlPlane, joined: None, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path).client("admin", "system:masters")

    with connect(plane.kubeconfig("stranger", stranger)) as api, pytest.raises(CredentialsRefused):
        has_any(api)


def test_a_lease_that_was_restored_without_its_end_is_served_until_it_is_deleted(
    api: Api, plane: ControlPlane
) -> None:
    """A restore by etcd-manager copies keys and no leases, so that this one never ends by itself.

    Then clients inside the cluster are sent to an API server that is gone.
    """
    (lease,) = plane.etcd.keys(LEASES).items()
    assert lease[0] == LEASES + ADVERTISED
    plane.etcd.put(LEASES + GONE, lease[1].replace(ADVERTISED.encode(), GONE.encode()))
    eventually(lambda: GONE in addresses(api))

    plane.etcd.delete(LEASES + GONE)

    eventually(lambda: addresses(api) == {ADVERTISED})


def addresses(api: Api) -> set[str]:
    """Who serves the API, as pods are told."""
    endpoints = api.client.get(Endpoints, "kubernetes", namespace="default")
    return {address.ip for subset in endpoints.subsets or () for address in subset.addresses or ()}
