"""What every kops cluster runs by itself, as far as drains and budgets meet it.

Static pods of the control plane, kops-controller and CoreDNS with its budget (captures' addons:
coredns.addons.k8s.io, kops-controller.addons.k8s.io).
"""

from typing import Final

from kled.sandbox.kubernetes.world import Json

STATIC: Final = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
CONTROL_PLANE: Final = "node-role.kubernetes.io/control-plane"
_SYSTEM: Final = "kube-system"


def workloads() -> dict[str, dict[str, Json]]:
    """Return the objects by plural and `namespace/name`."""
    return {
        "deployments": {f"{_SYSTEM}/coredns": _coredns()},
        "daemonsets": {f"{_SYSTEM}/kops-controller": _kops_controller()},
        "poddisruptionbudgets": {f"{_SYSTEM}/kube-dns": _budget()},
    }


def _coredns() -> Json:
    labels = {"k8s-app": "kube-dns"}
    return {
        "metadata": {"name": "coredns", "namespace": _SYSTEM, "uid": "coredns"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"priorityClassName": "system-cluster-critical"},
            },
        },
    }


def _kops_controller() -> Json:
    labels = {"k8s-app": "kops-controller"}
    return {
        "metadata": {"name": "kops-controller", "namespace": _SYSTEM, "uid": "kops-controller"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"nodeSelector": {CONTROL_PLANE: ""}},
            },
        },
    }


def _budget() -> Json:
    return {
        "metadata": {"name": "kube-dns", "namespace": _SYSTEM, "uid": "kube-dns"},
        "spec": {
            "maxUnavailable": "50%",
            "selector": {"matchLabels": {"k8s-app": "kube-dns"}},
        },
    }
