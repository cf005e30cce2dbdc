"""The steps that several cases share; each key means the same wherever it stands."""

from typing import Final

from kled.recovery.plan.recovery_step import RecoveryStep
from kled.recovery.plan.target import Target
from kled.sentences import options

CLASSES: Final = ("identity", "intent", "derived", "etcd-backup")


def freeze(*, runs: bool) -> RecoveryStep:
    """Let nobody change the cluster; what `runs` is not to be restarted either."""
    more = (
        "; stop the cluster autoscaler; restart and roll no machine of the control plane: without"
        " its control markers it would wait for ever, or begin an empty etcd"
    )
    return RecoveryStep(
        "freeze",
        "let nobody change the cluster",
        "a person",
        detail="stop schedules and pipelines that run kops or kled on it, and tell everybody: kops"
        " makes new certificate authorities where it finds none" + (more if runs else ""),
    )


def save_etcd() -> RecoveryStep:
    """Keep what only the living etcd has."""
    return RecoveryStep(
        "save-etcd",
        "save etcd while it lives",
        "a person",
        detail="on a machine of the control plane, in the container of etcd-manager-main: etcdctl"
        " snapshot save, with --endpoints=https://127.0.0.1:4001 and the certificates"
        " /rootfs/srv/kubernetes/kube-apiserver/etcd-ca.crt, etcd-client.crt and etcd-client.key;"
        " etcd-manager takes no backup while its control markers are missing",
    )


def make_store(target: Target) -> RecoveryStep:
    """Make the state store."""
    url = options(state=target.url, create=True)
    return RecoveryStep(
        "make-state-store",
        "make the state store",
        command=f"kled kops configure-state-store {url}",
        detail="a bucket with versioning, which nobody else writes to",
    )


def restore_state(
    target: Target,
    snapshot: str,
    *,
    classes: tuple[str, ...] = (),
    groups: tuple[str, ...] = (),
    control: bool = False,
) -> tuple[RecoveryStep, RecoveryStep]:
    """Show what would be restored, and restore it."""
    moves: dict[str, object] = {}
    if target.moves:
        moves = {"to": target.url, "rewrite_places": True, "raise_epoch": True}
    wish: dict[str, object] = {
        "name": target.cluster,
        "snapshot": snapshot,
        "class": classes,
        "instance_group": groups,
        "with_control": control,
        **moves,
        "state": None if target.named or target.moves else target.url,
    }
    command = f"kled snapshot restore {options(**wish)}"
    return (
        RecoveryStep(
            "preview-restore",
            "look at what is restored",
            command=command,
            detail="it reads every byte, and changes nothing; stop where it is refused, and do what"
            " it says",
        ),
        RecoveryStep(
            "restore-state",
            "restore the state",
            command=f"{command} --yes",
            detail="it replaces nothing that is there; typed again, it goes on"
            if target.moves
            else "what is there now is kept in a snapshot first; typed again, it goes on",
        ),
    )


def preview_update(target: Target) -> RecoveryStep:
    """Prove the identity before anything is applied."""
    return RecoveryStep(
        "prove-identity",
        "look at what an update would change",
        command=f"kled kops update-cluster {target.options()}",
        detail="it must show no new Keypair, and of a cluster that runs no new load balancer or"
        " network; stop where it does",
    )


def update(target: Target, detail: str = "") -> RecoveryStep:
    """Apply the definition."""
    return RecoveryStep(
        "update-cluster",
        "apply the definition",
        command=f"kled kops update-cluster {target.options(yes=True)}",
        detail=detail,
    )


def validate(target: Target) -> RecoveryStep:
    """Wait until the cluster is healthy."""
    return RecoveryStep(
        "validate",
        "wait until it is healthy",
        command=f"kled kops validate-cluster {target.options(wait='30m')}",
        detail="exit 3: not yet; typed again, it goes on waiting",
    )


def export_kubeconfig(target: Target) -> RecoveryStep:
    """Write a kubeconfig for the address that the API has now."""
    return RecoveryStep(
        "export-kubeconfig",
        "write a kubeconfig",
        command=f"kled kops export-kubecfg {target.options()}",
        detail="its API may have another address now; the certificate authority is the same",
    )


def take_snapshot(target: Target) -> RecoveryStep:
    """Take a snapshot of what is there."""
    return RecoveryStep(
        "take-snapshot",
        "take a snapshot",
        command=f"kled snapshot create {target.options()}",
        detail="from now on it is what a recovery goes back to",
    )


def keep_what_is_there(target: Target) -> RecoveryStep:
    """Take a snapshot before anything is changed."""
    return RecoveryStep(
        "keep-what-is-there",
        "keep what is there now",
        command=f"kled snapshot create {target.options()}",
        detail="before anything is changed, with the newest backups of etcd",
    )


def roll(target: Target) -> RecoveryStep:
    """Let every process of the cluster see the restored etcd."""
    force = target.options(force=True, yes=True)
    return RecoveryStep(
        "roll",
        "roll every machine",
        command=f"kled kops rolling-update {force}",
        detail="a restored etcd counts its revisions anew, which kubelets and controllers that run"
        " on would not notice",
    )


def mend_api_objects() -> RecoveryStep:
    """Remove what a restored etcd says of machines that are gone."""
    return RecoveryStep(
        "mend-objects",
        "remove what is left of machines that are gone",
        "a person",
        detail="on a machine of the control plane: etcdctl del --prefix /registry/masterleases/;"
        " then kubectl delete node for each that is gone, and kubectl delete volumeattachments"
        " --all where all machines are new; look at DNS names and load balancers of Services",
    )
