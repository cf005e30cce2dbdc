"""Whether the clusters' APIs answer, by the kubeconfigs that exist already.

No kubeconfig is exported, since that would sign credentials. One request for each cluster, several
at once, with a short timeout.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from kled.errors import ApiUnreachable, CredentialsRefused, KledError
from kled.models.cluster import Cluster
from kled.operations.checks.check import Check, not_tried
from kled.operations.health.cluster_api import explain_placeholder
from kled.sentences import options

_PATIENCE: Final = timedelta(seconds=3)
_AT_ONCE: Final = 8
_NAME: Final = "cluster APIs"


def cluster_api_checks(
    listed: Sequence[Cluster], places: Callable[[str], Iterable[Path]]
) -> list[Check]:
    """Ask the API of each cluster that has a kubeconfig in one of its `places`. Only reads."""
    from kled.pool import Pool  # noqa: PLC0415 - not for --help

    kubeconfigs = [
        (cluster.name, file)
        for cluster in listed
        if (file := _first(places(cluster.name))) is not None
    ]
    if not kubeconfigs:
        why = "no kubeconfig of a cluster is where kled puts them"
        named = options(name=listed[0].name) if listed else ""
        return [not_tried(_NAME, f"{why}: kled kops export-kubecfg {named}" if named else why)]
    with Pool(_AT_ONCE, "kled-doctor") as pool:
        return list(pool.map(_asked, *zip(*kubeconfigs, strict=True)))


def _first(places: Iterable[Path]) -> Path | None:
    return next((place for place in places if place.is_file()), None)


def _asked(cluster: str, kubeconfig: Path) -> Check:
    from kled.kubernetes.client import connect  # noqa: PLC0415 - heavy
    from kled.kubernetes.nodes import has_any  # noqa: PLC0415

    name = f"API of {cluster}"
    named = options(name=cluster, kubeconfig=kubeconfig)
    renew = f"kled kops export-kubecfg {named} writes it again"
    try:
        with connect(kubeconfig, timeout=_PATIENCE) as api, explain_placeholder():
            nodes = has_any(api)
    except CredentialsRefused as error:  # they expire
        return Check(name, "found", error.message, renew)
    except ApiUnreachable as error:
        return Check(name, "wrong", error.message, error.hint or "")
    except KledError as error:
        return not_tried(name, f"{error.message}; {renew}")
    return Check(name, "ok", f"it answers, and has {'nodes' if nodes else 'no node'}")
