"""Where a cluster's kubeconfig goes when nobody has named a place for it."""

from pathlib import Path

from kled.config import Settings


def default_place(settings: Settings, cluster: str) -> Path:
    """Return `./kubeconfig-NAME`; in a sandbox a file of its own, removed with the sandbox."""
    if settings.sandbox is not None:
        return settings.sandbox / "home" / ".kube" / f"kubeconfig-{cluster}"
    return Path(f"kubeconfig-{cluster}")


def kept_places(settings: Settings, cluster: str) -> tuple[Path, ...]:
    """Return the places of a cluster's kubeconfig.

    A command's, and that of a flow that ran here.
    """
    return default_place(settings, cluster), settings.home / "kubeconfigs" / cluster
