"""Create a cluster, wait until it validates, and export a kubeconfig for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from kled.errors import ClusterExists, KopsError, SettingsError
from kled.files.given import require_regular
from kled.kops.facts.kubernetes_versions import in_sets, require_served
from kled.kops.facts.versions import check
from kled.kops.fields import fixed_fields, own_labels
from kled.kops.state_store.locations import root_of
from kled.kops.verbs.kubeconfig import require_target
from kled.models.clouds import missing_variables
from kled.models.definition import Definition
from kled.models.spec import ClusterSpec
from kled.models.version import KubernetesVersion, stored_version
from kled.operations.cluster.another_definition import another_definition
from kled.operations.cluster.applied import was_applied
from kled.operations.cluster.export_cluster import export_step
from kled.operations.cluster.kept_fields import require_all_known
from kled.operations.cluster.update_cluster import apply_step
from kled.operations.guards.emptied_store import require_none_gone
from kled.operations.guards.guards import CREATES, EDITS
from kled.operations.guards.nested_stores import require_root
from kled.operations.guards.shared_iam_roles import roles_step
from kled.operations.health.validate_cluster import validate_step
from kled.operations.identity import birth, identity_check
from kled.operations.records.approved_plan import Approved
from kled.operations.session import Session
from kled.operations.step import Step
from kled.operations.stores import require_state_store
from kled.retry import CHANGE, READ

_SHOWN: Final = 8
_TAKEN_BACK: Final = "the definition that kops had stored is unregistered again"


@dataclass(frozen=True, slots=True)
class CreateCluster:
    """Check settings, store or attach, update, validate with patience, export a kubeconfig."""

    spec: ClusterSpec
    kubeconfig: Path
    """Written 0600; contexts of other clusters in it are kept."""
    patience: timedelta = timedelta(minutes=30)
    """How long the cluster may take to validate."""
    admin: timedelta = timedelta(hours=18)
    """Lifetime of the credentials in the kubeconfig; kops' own default."""
    approved: Approved | None = None
    """The approved plan, for a cluster that was applied already; None: apply what the plan is
    then."""

    name = "create cluster"
    guards = CREATES

    @property
    def cluster(self) -> str:
        """The cluster's name."""
        return self.spec.name

    def steps(self) -> tuple[Step[Any], ...]:
        """Return the steps in their order."""
        return (
            check_step(self.spec, self.kubeconfig),
            birth.step(self.spec),
            identity_check.step(self.cluster),
            new_roles_step(self.spec),
            store_step(self.spec, applied=True),
            apply_step(self.cluster, self.approved, new=True),
            validate_step(self.cluster, self.patience),
            export_step(self.cluster, self.kubeconfig, self.admin),
        )


@dataclass(frozen=True, slots=True)
class StoreCluster:
    """Check settings, then store the definition, or accept an equal one that is stored already."""

    spec: ClusterSpec

    name = "store cluster"
    guards = EDITS

    @property
    def cluster(self) -> str:
        """The cluster's name."""
        return self.spec.name

    def steps(self) -> tuple[Step, ...]:
        """Return the steps in their order."""
        return (check_step(self.spec), birth.step(self.spec), store_step(self.spec))


def new_roles_step(spec: ClusterSpec) -> Step:
    """Refuse while other clusters use the IAM roles that the cluster will have. It only reads.

    The roles of a stored cluster are checked with its plan.
    """

    def is_new(session: Session) -> bool:
        return spec.cloud == "aws" and session.kops.definition.find(spec.name) is None

    return roles_step(spec.name, where=is_new)


def check_step(spec: ClusterSpec, kubeconfig: Path | None = None) -> Step:
    """Check all that can be known to be wrong before anything is changed.

    That includes the place of the `kubeconfig`, which is written when the cluster is up.
    """

    def act(session: Session) -> str:
        if kubeconfig is not None:
            require_target(kubeconfig)
        missing = missing_variables(spec.cloud, session.settings.environment)
        if missing:
            raise missing_error(spec.cloud, missing)
        if spec.ssh_public_key is not None:
            require_regular(spec.ssh_public_key, "--ssh-public-key")
        _refuse_moves(session, spec)
        session.kops.definition.options(spec)  # names every field that is none
        version = session.kops.version()
        advice = check(version)
        for wanted in _versions(spec):
            require_served(wanted, version, session.settings.environment)
        require_root(session.stores, require_state_store(session.settings), "--state")
        if not session.kops.cluster.list():  # which proves the state store and its credentials
            require_none_gone(session, spec.name)
        return f"kops {version}" + (f"; {advice}" if advice else "")

    return Step("check settings", act, READ, reads=True)


def _refuse_moves(session: Session, spec: ClusterSpec) -> None:
    """Raise `InvalidInput` where an option gives another name or place, or a label of kops' own."""
    root = root_of(require_state_store(session.settings), spec.name)
    places = {"configBase": root, "keyStore": f"{root}/pki", "secretStore": f"{root}/secrets"}
    planned = {"metadata": {"name": spec.name}, "spec": places}
    fixed_fields.refuse_sets(planned, fixed_fields.OF_A_NEW_CLUSTER, spec.set, spec.unset)
    labels = tuple(f"spec.cloudLabels.{label}" for label in spec.labels)
    own_labels.refuse_sets("Cluster", planned, (*labels, *spec.set))


def _versions(spec: ClusterSpec) -> Iterator[KubernetesVersion]:
    """Yield the Kubernetes versions that the options give: kops itself stores any text.

    The URL of a build that names no version tells neither kled nor kops which version it is.
    """
    given = stored_version(spec.kubernetes_version or "")
    if given is not None:
        yield given
    yield from in_sets(spec.set)


def missing_error(cloud: str, missing: tuple[str, ...]) -> SettingsError:
    """Return the error for the variables in `missing`, which `cloud` needs."""
    return SettingsError(
        f"{cloud} needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not set",
        hint="export them where kled runs; `kled doctor` lists what each cloud needs",
    )


def store_step(spec: ClusterSpec, *, applied: bool = False) -> Step:
    """Store the definition, or accept an equal one that is stored already.

    Safe to repeat and to kill: the next attempt compares the stored definition with the one that
    these options give. An equal one is done; where a killed kops had stored a part, the missing
    groups or key are completed; anything else is `ClusterDiffers`. The way back unregisters the
    cluster, or deletes it where it is to be `applied` afterwards, so it is shown only where this
    run itself stored the definition.
    """
    ours: list[str] = []

    def act(session: Session) -> str:
        stored = session.kops.definition.find(spec.name)
        if stored is not None:
            return _attach(session, spec, stored)
        return _create(session, spec, ours)

    return Step(
        "store definition",
        act,
        CHANGE,
        proof=lambda session: _prove_stored(session, spec.name),
        way_back=f"kled kops delete-cluster --name={spec.name}"
        + ("" if applied else " --unregister"),
        changed=lambda: bool(ours),
    )


def _create(session: Session, spec: ClusterSpec, ours: list[str]) -> str:
    """Call `kops create cluster`; unregister what it stored where it then fails for good.

    kops stores the definition before it validates it (facts: E09g, E09i, E09j). A definition that
    somebody else stored at the same moment stays. `ours` holds the name while this run may have
    left a definition.
    """
    ours[:] = [spec.name]
    try:
        session.kops.definition.create(spec)
    except ClusterExists:
        ours.clear()
        raise
    except KopsError as error:
        if error.retryable:
            raise
        if session.kops.definition.find(spec.name) is None:
            ours.clear()
            raise
        session.kops.definition.unregister(spec.name)
        ours.clear()
        error.with_message(f"{error.message} ({_TAKEN_BACK})")
        raise
    return "stored"


def _attach(session: Session, spec: ClusterSpec, stored: Definition) -> str:
    wanted = session.kops.definition.dry_run(spec)
    if not wanted.differences(stored):
        session.kops.definition.complete_ssh_key(spec)
        return "already stored; attached"
    if stored.is_part_of(wanted):
        require_all_known(session, stored)
        session.kops.definition.replace(wanted)
        session.kops.definition.complete_ssh_key(spec)
        return "half stored by an earlier run; completed"
    raise another_definition(stored, wanted, applied=was_applied(session, spec.name))


def _prove_stored(session: Session, name: str) -> None:
    if session.kops.definition.find(name) is None:
        raise KopsError(f'kops reported success, but cluster "{name}" is not in the state store')
