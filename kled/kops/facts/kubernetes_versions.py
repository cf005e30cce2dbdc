"""Which Kubernetes versions a kops serves, and from which to which a cluster may go. Pure.

Kops stores any version that it can parse, and any that it cannot parse it takes for none given
(cmd/kops/upgrade_cluster.go, captures T-up-badk and T-up-downk); only `update cluster` looks at it
(`validateKubernetesVersion` of apply_cluster.go, captures E09i, E09j and T-up-39-updk). So kled
looks before anything is stored.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from kled.errors import InvalidInput, VersionRefused
from kled.kops.fields import set_paths
from kled.models.version import KopsVersion, KubernetesVersion, kubernetes_version, stored_version
from kled.sentences import options

Minor = tuple[int, int]
OLDEST_SERVED: Final[Mapping[Minor, Minor]] = {(1, 36): (1, 31)}
"""kops' `OldestSupportedKubernetesVersion`, which only ever rises from one kops to the next."""
TOO_NEW_ALLOWED: Final = "KOPS_RUN_TOO_NEW_VERSION"
"""The variable by which somebody tells kops to go on with a version newer than itself."""


def parsed(field: str, text: str) -> KubernetesVersion:
    """Return the version that somebody gives; raise `InvalidInput` naming `field`.

    The URL of a build stands for its minor version, as it does to kops.
    """
    is_url = text.startswith(("https://", "http://"))
    version = stored_version(text) if is_url else kubernetes_version(text)
    if version is None:
        raise InvalidInput(
            field, f"{text!r} is not a version: give all three numbers, for example 1.36.0"
        )
    return version


def written(field: str, text: str) -> KubernetesVersion:
    """Return the version that a definition's text gives, as `parsed` does; refuse one with a `v`.

    kops stores it as it is, and then looks for images of version `vv1.36.2`.
    """
    version = parsed(field, text)
    if text.startswith("v"):
        raise InvalidInput(field, f"{text!r} is written without the v: {version}")
    return version


def in_sets(sets: Iterable[str]) -> Iterator[KubernetesVersion]:
    """Yield the versions that `--set` gives to a cluster; raise `InvalidInput` for none."""
    for text in sets:
        path, value = set_paths.assignment(text)
        if path == ("spec", "kubernetesVersion"):
            yield parsed("--set spec.kubernetesVersion", value)


def require_served(
    version: KubernetesVersion, kops: KopsVersion, env: Mapping[str, str] | None = None
) -> None:
    """Raise `VersionRefused` where `kops` would refuse to update a cluster of that version.

    The newest that kops serves is of its own minor version. `KOPS_RUN_TOO_NEW_VERSION` in `env`
    lets newer ones pass, as it does in kops.
    """
    if version.minor > kops.minor and not (env or {}).get(TOO_NEW_ALLOWED):
        raise VersionRefused(
            f"Kubernetes {version} is newer than kops {kops.number} serves, which is up to"
            f" {_spell(kops.minor)}; nothing was stored",
            hint=f"take a kops for it: kled kops install --version={_spell(version.minor)}.0"
            f" (or latest), where it is released; or a version of {_spell(kops.minor)}",
        )
    oldest = _oldest(kops.minor)
    if oldest is not None and version.minor < oldest:
        raise VersionRefused(
            f"Kubernetes {version} is older than kops {kops.number} serves, which is from"
            f" {_spell(oldest)} on; nothing was stored",
            hint=f"give a version from {_spell(oldest)}.0 to {_spell(kops.minor)}",
        )


def require_step(
    before: KubernetesVersion,
    after: KubernetesVersion,
    *,
    cluster: str,
    skip: bool = False,
    state: str = "is at",
) -> None:
    """Raise `VersionRefused` for a downgrade, and for a step over a minor version unless `skip`.

    Kubernetes promises nothing for either: etcd keeps objects in forms that an older API server
    does not know, and one that skips a version may not know those of two versions before.
    """
    if after < before:
        raise VersionRefused(
            f'cluster "{cluster}" {state} Kubernetes {before}: {after} would be a downgrade, which'
            " Kubernetes does not support; nothing was stored",
            hint="a cluster goes back by a restore of a snapshot and of its etcd backup; an upgrade"
            " that was never applied is taken back with kled kops edit-cluster"
            f" {options(name=cluster)} --set=spec.kubernetesVersion=X.Y.Z",
        )
    (major, was), (other, now) = before.minor, after.minor
    if not skip and (other != major or now > was + 1):
        following = f"{major}.{was + 1}"
        raise VersionRefused(
            f'cluster "{cluster}" {state} Kubernetes {before}: {after} would skip {following};'
            " Kubernetes goes one minor version at a time; nothing was stored",
            hint=f"first kled kops upgrade-cluster --name={cluster}"
            f" --kubernetes-version={following}.0 --yes, update-cluster and rolling-update; or add"
            " --skip-minor-versions, which Kubernetes does not support",
        )


def _oldest(kops: Minor) -> Minor | None:
    """Return the oldest minor version that a kops surely refuses all before; None: unknown."""
    known = [served for version, served in OLDEST_SERVED.items() if version <= kops]
    return max(known, default=None)


def _spell(minor: Minor) -> str:
    return f"{minor[0]}.{minor[1]}"
