"""Export a kubeconfig with short-lived admin credentials."""

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from kled.errors import DiskUnusable
from kled.operations.guards.guards import READS
from kled.operations.identity import lost_keys
from kled.operations.session import Session
from kled.operations.step import Effect, Step
from kled.retry import READ
from kled.sentences import options, word

_PRIVATE = 0o600


@dataclass(frozen=True, slots=True)
class ExportCluster:
    """Write the cluster's context into `kubeconfig`."""

    cluster: str
    kubeconfig: Path
    admin: timedelta | None = timedelta(hours=18)
    """Lifetime of the admin credentials; None writes a context without any."""

    name = "export cluster"
    guards = READS

    def steps(self) -> tuple[Step, ...]:
        """Return the one step."""
        return (export_step(self.cluster, self.kubeconfig, self.admin),)


def export_step(cluster: str, kubeconfig: Path, admin: timedelta | None) -> Step:
    """`kops export kubeconfig`. Safe to repeat: the file is replaced whole, mode 0600."""
    effect = Effect()

    def act(session: Session) -> str:
        effect.begins()
        had_context = _has_context(kubeconfig, cluster)
        with lost_keys.tell_lost_keys_apart(session, cluster):
            session.kops.kubeconfig.export(cluster, kubeconfig, admin)
        effect.ends(not had_context)  # to delete it would take away what was there before
        return str(kubeconfig)

    def proof(_session: Session) -> None:
        if not kubeconfig.is_file() or kubeconfig.stat().st_mode & 0o777 != _PRIVATE:
            raise DiskUnusable(f"{kubeconfig} was not written for its owner alone")

    return Step(
        "export kubeconfig",
        act,
        READ,
        proof=proof,
        way_back=f"kubectl config delete-context {word(cluster)} {options(kubeconfig=kubeconfig)}",
        changed=lambda: effect() and _has_context(kubeconfig, cluster),
    )


def _has_context(kubeconfig: Path, cluster: str) -> bool:
    """Say whether the file names the cluster already; a missing or unreadable file does not."""
    name = re.compile(rf"^[- ]*name: [\"']?{re.escape(cluster)}[\"']?\s*$", re.MULTILINE)
    try:
        text = kubeconfig.read_text("utf-8", "replace") if kubeconfig.is_file() else ""
    except OSError:
        return False
    return name.search(text) is not None
