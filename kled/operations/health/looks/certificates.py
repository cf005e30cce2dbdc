"""Judges how long the certificates of a cluster's keysets still hold. Pure.

A keyset has a primary key, which signs, and perhaps others that are trusted while a rotation goes
on. What is distrusted is trusted by nobody, so its end means nothing.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from kled.kops.state_store import contents, key_material, keyset_keys
from kled.models.health_finding import HealthFinding, Look, State
from kled.operations.health.looks.ages import length
from kled.operations.health.looks.stored import StoredCluster
from kled.sentences import options, word

_LOOK: Final[Look] = "certificates"
_LONGEST: Final = 40


def judge_certificates(
    known: StoredCluster, now: datetime, warned: timedelta
) -> Iterator[HealthFinding]:
    """Yield a finding for each keyset: of its keys, the worst and the first to end.

    A key is told of where less than `warned` is left. A keyset that cannot be read is a finding.
    """
    for name, key in sorted(keyset_keys.files(known.objects).items()):
        yield judge_keyset(known.cluster, name, known.objects[key], now, warned)


def judge_keyset(
    cluster: str, name: str, body: bytes, now: datetime, warned: timedelta
) -> HealthFinding:
    """Say when the first certificate of a keyset ends that is not distrusted. Pure."""
    about, trusted = f"keyset {name}", [*_trusted(body)]
    judged = [_judge(cluster, about, role, key, now, warned) for role, key in trusted]
    if not judged:
        message = "it holds no key that can be read and is trusted"
        return HealthFinding(cluster, _LOOK, about, "failed", message, _restoring(cluster))
    order: tuple[State, ...] = ("failed", "unknown", "warning", "ok")
    return min(
        judged,
        key=lambda finding: (order.index(finding.state), finding.age or timedelta(0)),
    )


def _trusted(body: bytes) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the keys that are trusted, each with whether it is the primary one."""
    document = contents.keyset(body) or {}
    spec = document.get("spec")
    spec = spec if isinstance(spec, Mapping) else {}
    primary, keys = str(spec.get("primaryId", "")), spec.get("keys")
    for key in keys if isinstance(keys, list) else ():
        if not isinstance(key, Mapping):
            continue
        if not key.get("distrustTimestamp"):
            yield ("primary" if str(key.get("id")) == primary else "trusted"), key


def _judge(
    cluster: str, about: str, role: str, key: Mapping[str, Any], now: datetime, warned: timedelta
) -> HealthFinding:
    number = str(key.get("id") or "(none)")[:_LONGEST]
    certificate = key_material.certificate(key.get("publicMaterial"))
    if certificate is None:
        message = f"the certificate of the {role} key {number} cannot be read"
        return HealthFinding(cluster, _LOOK, about, "failed", message, _restoring(cluster))
    ends, begins = certificate.not_valid_after_utc, certificate.not_valid_before_utc
    left, day = ends - now, f"{ends:%Y-%m-%d}"
    which = f"the {role} key {number}"
    rotating = _rotating(cluster, about.removeprefix("keyset "), role, key)
    if left <= timedelta(0):
        message = f"{which} has expired on {day}, {length(-left)} ago"
        return HealthFinding(cluster, _LOOK, about, "failed", message, rotating, left)
    if begins - now > timedelta(days=1):
        message = f"{which} holds from {begins:%Y-%m-%d} on only, or the clock here is wrong"
        return HealthFinding(cluster, _LOOK, about, "warning", message, "timedatectl", left)
    if left < warned:
        message = f"{which} expires on {day}, in {length(left)}"
        return HealthFinding(cluster, _LOOK, about, "warning", message, rotating, left)
    message = f"the first key to expire, the {role} one, holds until {day}"
    return HealthFinding(cluster, _LOOK, about, "ok", message, age=left)


def _rotating(cluster: str, keyset: str, role: str, key: Mapping[str, Any]) -> str:
    if role == "trusted":
        named = f"{word(keyset)} {word(key.get('id'))}"
        typed = f"kops distrust keypair {named} {options(name=cluster)}"
        return f"where no machine has it any more: {typed}, then an update and a roll"
    return f"kled kops rotate-keypairs {options(name=cluster, phase='create', keyset=keyset)}"


def _restoring(cluster: str) -> str:
    return f"kled snapshot restore {options(name=cluster, snapshot='latest')} shows the whole one"
