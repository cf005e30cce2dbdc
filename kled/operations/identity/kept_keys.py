"""A cluster keeps its keysets and secrets: a change that would make new ones is refused.

kops makes every keyset that it does not find. Where the lost one was a certificate authority, no
machine, kubeconfig or service account of the cluster is valid afterwards, and only a copy brings
the old one back. So a plan that makes what the cluster had is refused (`require`). An operation
that goes on with the cluster first checks that its keysets are stored and hold the keys that they
had (`step`), because kops goes on with whatever key it finds under the name.
"""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Final

from kled.errors import IdentityAtRisk, KledError
from kled.kops.state_store import contents, identity, keyset_keys, layout, locations
from kled.kops.state_store.identity import IdentityEvidence, MadeKeys
from kled.kops.state_store.locations import NamedPlace
from kled.models.credential import SECRET_KINDS
from kled.models.plan import Change, Plan
from kled.operations.fleet import registered
from kled.operations.fleet.stored_names import keys_below
from kled.operations.identity import (
    borrowed_keys,
    cloud_keys,
    etcd_names,
    etcd_zones,
    has_run,
    keys_in_snapshots,
    machine_keys,
    other_identity,
    put_back,
    whole_copies,
)
from kled.operations.session import Session
from kled.sentences import enumerated

if TYPE_CHECKING:
    from kled.snapshot.losses.other_keysets import OtherKeysets

AUTHORITY_KEY: Final = identity.keyset_key(identity.AUTHORITY)
"""The key, relative to its prefix, of the authority that every applied cluster has."""
_SHOWN: Final = 4
_RUN_WITH_IT: Final = "its machines run with it, and the state store lacks it"


def require_present(session: Session, cluster: str) -> tuple[str, ...]:
    """Raise for keysets that are missing; return their names where the cluster begins again."""
    gone = missing_keysets(session, cluster)
    if gone and not session.overrides.begins_anew(cluster):
        _require_names(session, cluster, gone)
        raise refusal(session, cluster, _lost(gone, _RUN_WITH_IT))
    return gone


def missing_keysets(session: Session, cluster: str) -> tuple[str, ...]:
    """Return the keysets that the machines run with and the state store lacks, sorted.

    Only reads. Empty where the definition keeps its keys elsewhere, which `own_places` checks.
    """
    if _strays(session, cluster):
        return ()
    named = has_run.node_keysets(session, cluster)
    stored = keys_below(session.state_store, cluster, layout.KEYSETS) if named else ()
    return tuple(sorted(keyset for keyset in named if identity.keyset_key(keyset) not in stored))


def _require_names(session: Session, cluster: str, gone: tuple[str, ...]) -> None:
    """Raise for keysets that are only stored under their former names: their keys are not lost.

    kops would go on with them, and every other reader of the state store would miss them.
    """
    stored = keys_below(session.state_store, cluster, layout.KEYSETS)
    former = {name: identity.keyset_key(contents.OLD_NAMES.get(name, name)) for name in gone}
    renamed = {name: key for name, key in former.items() if key in stored}
    if not renamed:
        return
    keys = {name: identity.keyset_key(name) for name in renamed}
    home = f"{session.state_store.location.url.rstrip('/')}/{cluster}"
    copies = [f"{home}/{renamed[name]} to {home}/{keys[name]}" for name in renamed]
    restore = advice(session, cluster, frozenset(keys.values()))
    raise IdentityAtRisk(
        f'cluster "{cluster}" was applied with {enumerated(tuple(renamed), _SHOWN)}, which somebody'
        f" renamed to its former name: {', '.join(renamed.values())}; nothing was changed",
        hint=f"copy {' and '.join(copies)}; or {restore}",
    )


def require_whole(session: Session, cluster: str) -> None:
    """Raise `IdentityAtRisk` where a stored keyset or secret is damaged, as a snapshot judges it.

    kops stops at some of these, makes others again, serves with a private key that fits no
    certificate, and retries an unreadable secret for ten minutes, even in its previews, so a
    preview checks this first. Only reads. A cluster that begins again with other keys goes on.
    """
    damaged = {} if _strays(session, cluster) else whole_copies.find_damage(session, cluster)
    if not damaged or session.overrides.begins_anew(cluster):
        return
    findings = [finding for each in damaged.values() for finding in each]
    raise IdentityAtRisk(
        f'cluster "{cluster}" cannot live by what is stored as its keys and secrets:'
        f" {enumerated(findings, _SHOWN)}; nothing was changed",
        hint=f"{advice(session, cluster, frozenset(damaged))}{_given_again(cluster, damaged)}; only"
        " to begin again with other keys: kled kops update-cluster"
        f" --name={cluster} --yes --new-identity={cluster}",
    )


def require_previewable(session: Session, cluster: str) -> None:
    """Raise `IdentityAtRisk` for what would stop kops' previews, after minutes.

    That is damaged keys and secrets (`require_whole`), and etcd with other names or in other zones
    than it was applied in. Only reads. A cluster that begins again with other keys goes on.
    """
    require_whole(session, cluster)
    if not session.overrides.begins_anew(cluster):
        etcd_names.require_stored(session, cluster)
        etcd_zones.require_stored(session, cluster)


def _given_again(cluster: str, keys: Iterable[str]) -> str:
    """Name the commands that store the secrets again which people had given."""
    kinds = [kind for kind in SECRET_KINDS if f"{layout.SECRETS}{kind}" in keys]
    command = "; or store it from its source: kled kops create-secret"
    return "".join(f"{command} {kind} --name={cluster} --file=FILE --force" for kind in kinds)


def require_own_keys(session: Session, cluster: str) -> str:
    """Say which keysets hold other keys than the cluster had; empty where all hold its own.

    Only reads. Raises `IdentityAtRisk` for such a keyset, unless the run may give the cluster a new
    identity.
    """
    if _strays(session, cluster):
        return ""
    others = machine_keys.confirm(session, cluster, other_identity.compare(session, cluster))
    if not (others.names or others.gone or others.secrets or others.of_neighbours):
        return ""
    if session.overrides.begins_anew(cluster):
        names = (*others.names, *others.gone, *others.secrets, *others.of_neighbours)
        return f"{', '.join(names)} with other keys"
    if others.names:
        raise _other_keys(session, cluster, others)
    if others.of_neighbours:
        raise borrowed_keys.refusal(cluster, others)
    if not others.gone:
        raise _other_values(session, cluster, others)
    why = f"snapshot {others.snapshot} has it, and the state store lacks it"
    raise refusal(session, cluster, _lost(others.gone, why))


def lost_authority(session: Session, cluster: str) -> tuple[str, ...]:
    """Return the cluster's own authority where it is gone and the cluster is known to have lived.

    This is for a cluster whose machines' configuration is gone, too: traces of etcd, or a snapshot,
    tell that it lived. Only reads.
    """
    if AUTHORITY_KEY in keys_below(session.state_store, cluster, layout.KEYSETS):
        return ()
    ran = has_run.why_it_has_run(session, cluster) or keys_in_snapshots.is_kept(
        session, cluster, AUTHORITY_KEY
    )
    return (identity.AUTHORITY,) if ran else ()


def require(session: Session, plan: Plan) -> str:
    """Say what a plan makes for the first time; empty where it makes nothing.

    Only reads. Raises `IdentityAtRisk` where the plan makes a keyset or secret that the cluster
    had, or goes on with damaged keys or those of another identity, unless the run may give the
    cluster a new identity (`--new-identity=CLUSTER`).
    """
    require_previewable(session, plan.cluster)
    if not session.overrides.begins_anew(plan.cluster):
        etcd_names.require_plan(session, plan, ran=lambda: has_run.etcd_ran(session, plan))
        etcd_zones.require_plan(session, plan, lives=lambda: has_run.etcd_lives(session, plan))
    made = tell_apart(session, plan)
    if made.lost and not session.overrides.begins_anew(plan.cluster):
        raise refusal(session, plan.cluster, made.lost)
    require_present(session, plan.cluster)  # what kops finds under a former name it only modifies
    require_own_keys(session, plan.cluster)
    cloud_keys.require(session, plan)
    lost = [change.name for change, _ in made.lost]
    anew = f"NEW IDENTITY, as asked for: {', '.join(lost)}" if lost else ""
    first = [change.name for change in made.new if has_run.why_it_has_run(session, plan.cluster)]
    new = f"made for the first time: {', '.join(first)}" if first else ""
    again = [change.name for change in identity.reissued(plan)]
    issued = f"certificates issued again: {', '.join(again)}" if again else ""
    return "; ".join(filter(None, (anew, new, issued)))


def tell_apart(session: Session, plan: Plan) -> MadeKeys:
    """Return the keys that a plan makes, told apart by whether the cluster had them. Only reads."""
    changes = identity.made(plan)
    if not changes:
        return MadeKeys()
    made = identity.told_apart(changes, has_run.evidence(session, plan))
    if not made.new:
        return made
    keys = frozenset(map(identity.key_of, changes))
    kept = keys_in_snapshots.snapshot_with(session, plan.cluster, keys)
    if kept is None:
        return made
    known = IdentityEvidence(snapshot=kept.id, kept=keys_in_snapshots.identity_keys(kept))
    later = identity.told_apart(made.new, known)
    return MadeKeys((*made.lost, *later.lost), later.new)


def advice(
    session: Session, cluster: str, keys: frozenset[str], *, made: Collection[str] = ()
) -> str:
    """Say how to put lost keys back; `keys` are relative to the cluster's prefix. Only reads.

    A snapshot without the key that the machines' configuration names is passed over, except for
    keysets that somebody `made` again, whose new key the configuration names. A snapshot store that
    cannot be read is mentioned, and the loss is reported all the same.
    """
    try:
        run = machine_keys.named_marks(session.state_store, cluster)
        named = {name: marks for name, marks in run.items() if name not in made}
        untold = keyset_keys.files(keys).keys() - run.keys()
        return put_back.way_to_put_back(session, cluster, keys, named, untold)
    except KledError as error:
        return f"which snapshot has them is not known: {error.message}"


def _lost(keysets: tuple[str, ...], why: str) -> tuple[tuple[Change, str], ...]:
    return tuple((Change("create", identity.KEYPAIR, keyset), why) for keyset in keysets)


def refusal(session: Session, cluster: str, lost: tuple[tuple[Change, str], ...]) -> IdentityAtRisk:
    """Return the refusal of keys that would be made again, each with the evidence for it."""
    names = [change.name for change, _ in lost]
    reasons = dict.fromkeys(why for _, why in lost)
    keys = frozenset(identity.key_of(change) for change, _ in lost)
    strays = [
        f"{stray.field} names {stray.url}: mend it first" for stray in _strays(session, cluster)
    ]
    way_on = "; ".join(strays) or advice(session, cluster, keys)
    return IdentityAtRisk(
        f'cluster "{cluster}" lives by {enumerated(names, _SHOWN)}, which kops would'
        f" replace: {'; '.join(reasons)}; nothing was changed",
        hint=f"no machine or kubeconfig of it trusts a new one; {way_on}; only to begin again with"
        f" other keys: kled kops update-cluster --name={cluster} --yes --new-identity={cluster}",
    )


def _other_keys(session: Session, cluster: str, others: "OtherKeysets") -> IdentityAtRisk:
    """Return the refusal of keysets that share no key with those that the cluster had."""
    where = f"snapshot {others.snapshot} has others" if others.of_snapshot else ""
    run = f"its machines run with others than {', '.join(others.of_machines)}"
    known = "; ".join(filter(None, (where, run if others.of_machines else "")))
    keys = frozenset(map(identity.keyset_key, others.names))
    rolled = bool(others.of_snapshot) and machine_keys.all_run_with(session, cluster)
    made = () if rolled else machine_keys.keysets_made_again(session, cluster, others.of_snapshot)
    way_on = advice(session, cluster, keys, made=made)
    return IdentityAtRisk(
        f'cluster "{cluster}" does not live by the keys that are stored as'
        f" {enumerated(others.names, _SHOWN)}: {known}; nothing was changed",
        hint=f"no machine or kubeconfig of it trusts them; {way_on}; only to begin again with the"
        f" stored ones: kled kops update-cluster --name={cluster} --yes --new-identity={cluster}",
    )


def _other_values(session: Session, cluster: str, others: "OtherKeysets") -> IdentityAtRisk:
    """Return the refusal of secrets with other values than the cluster had."""
    from kled.snapshot.losses.other_secrets import advise_rotated  # noqa: PLC0415 - not for --help

    keys = frozenset(f"{layout.SECRETS}{secret}" for secret in others.secrets)
    return IdentityAtRisk(
        f'cluster "{cluster}" does not live by the values that are stored as secrets'
        f" {enumerated(others.secrets, _SHOWN)}: snapshot {others.snapshot} has others; nothing was"
        " changed",
        hint=f"{advice(session, cluster, keys)}; {advise_rotated(cluster, others.secrets)}",
    )


def keeps_elsewhere(session: Session, cluster: str) -> bool:
    """Say whether the definition names places outside of the cluster's part of the store."""
    return bool(_strays(session, cluster))


def _strays(session: Session, cluster: str) -> tuple[NamedPlace, ...]:
    """Return the places of the definition that are outside of the cluster's part of the store."""
    home = registered.home(session.state_store, cluster)
    return tuple(locations.elsewhere(home.cluster, home.root)) if home is not None else ()
