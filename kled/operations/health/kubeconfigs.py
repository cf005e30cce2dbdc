"""Where a cluster's kubeconfig goes that nobody named a place for."""

from pathlib import Path

from kled.config import Settings


def default_place(settings: Settings, cluster: str) -> Path:
    """Return `./kubeconfig-NAME`; in a sandbox a file of its own, which goes when it is stopped."""
    if settings.sandbox is not None:
        return settings.sandbox / "home" / ".kube" / f"kubeconfig-{cluster}"
    return Path(f"kubeconfig-{cluster}")


def kept_places(settings: Settings, cluster: str) -> tuple[Path, ...]:
    """Return where a cluster's kubeconfig may be: a command's, and that of a flow that ran here."""
    return default_place(settings, cluster), settings.home / "kubeconfigs" / cluster
