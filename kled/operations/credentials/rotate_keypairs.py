"""Rotates a cluster's certificate authorities, one phase at a time.

Create adds a second keypair that machines come to trust; promote makes it the one that signs;
distrust ends the trust in the old one. Between two phases every machine must have been updated and
rolled: a phase that comes too early locks machines out, so it is refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from kled.errors import KeysetMissing, NotApproved, ResourceNotFound
from kled.models.credential import Keypair
from kled.models.plan import Change, Plan
from kled.models.rolling import Roll
from kled.operations import ways_back
from kled.operations.guards.guards import ROTATES
from kled.operations.identity import identity_check
from kled.operations.session import Session
from kled.operations.step import Step
from kled.retry import CHANGE
from kled.sentences import options, word

Phase = Literal["create", "promote", "distrust"]
ALL: Final = "all"


@dataclass(frozen=True, slots=True)
class RotateKeypairs:
    """Do one phase for one keyset, or for all."""

    cluster: str
    phase: Phase
    keyset: str = ALL

    name = "rotate keypairs"
    guards = ROTATES

    def steps(self) -> tuple[Step, ...]:
        """Return the steps.

        Safe to repeat and to kill: it looks which keysets the phase is still due for. Where
        possible one kops call does all of them, which leaves hardly any time between two keysets:
        the rest of a promotion or distrust that was killed there is refused until the machines were
        rolled.
        """

        def done(session: Session) -> str | None:
            left = open_keysets(session, self)
            return None if left else f"nothing left to {self.phase}"

        back = ways_back.KnownWayBack()

        def act(session: Session) -> str:
            require_rolled(session, self)
            keysets = _keysets(session, self)
            left = _open(keysets, self)
            if self.phase != "create":  # what is about to be made has no id yet
                back.are(_way_back(self, {name: keysets[name] for name in left}))
            at_once = self.keyset == ALL and (self.phase != "create" or len(left) == len(keysets))
            for keyset in (ALL,) if at_once else left:
                self._change(session, keyset)
            if self.phase == "create":
                back.are(_distrusting(self.cluster, keysets, _keysets(session, self)))
            return f"{self.phase}: {', '.join(left)}"

        step = Step(
            f"{self.phase} keypairs",
            act,
            CHANGE,
            done=done,
            makes_keys=True,
            way_back=_way_back(self, {}),
            back=back,
        )
        return (identity_check.step(self.cluster), step)

    def _change(self, session: Session, keyset: str) -> None:
        if self.phase == "create":
            session.kops.credentials.create_keypair(self.cluster, keyset)
        elif self.phase == "promote":
            session.kops.credentials.promote_keypair(self.cluster, keyset)
        else:
            session.kops.credentials.distrust_keypair(self.cluster, keyset)


_WAYS_BACK: Final[dict[Phase, tuple[str, str]]] = {
    "create": ("distrust the new keypair", "distrust"),
    "promote": ("promote the old keypair again", "promote"),
    "distrust": ("trust the old keypair again", "trust"),
}


def _way_back(rotation: RotateKeypairs, before: Mapping[str, Sequence[Keypair]]) -> str:
    """Return kops' commands that give the keysets back what they were `before`.

    For new keypairs, whose ids are not known yet, the command that lists them is named.
    """
    advice, verb = _WAYS_BACK[rotation.phase]
    name = options(name=rotation.cluster)
    meant = [
        (keyset, keypair.id) for keyset in before for keypair in _meant(before[keyset], rotation)
    ]
    if not meant:
        meant = [("KEYSET", "ID")]
        advice = f"{advice}, whose id kled kops get-keypairs {name} lists"
    told = (f"kops {verb} keypair {word(keyset)} {keypair} {name}" for keyset, keypair in meant)
    return f"{advice}: {' && '.join(told)}"


def _distrusting(
    cluster: str, before: Mapping[str, Sequence[Keypair]], now: Mapping[str, Sequence[Keypair]]
) -> str:
    """Return kops' commands that distrust the keypairs which are there now and were not before."""
    told = (
        f"kops distrust keypair {word(keyset)} {keypair.id} {options(name=cluster)}"
        for keyset, keypairs in now.items()
        for keypair in keypairs
        if keypair.id not in {known.id for known in before.get(keyset, ())}
    )
    return f"{_WAYS_BACK['create'][0]}: {' && '.join(told)}"


def _meant(keypairs: Sequence[Keypair], rotation: RotateKeypairs) -> Iterator[Keypair]:
    """Yield the keypairs that the way back restores: the primary, or those to be distrusted.

    New keypairs have no ids yet, so a creation yields none.
    """
    trusted = [keypair for keypair in keypairs if not keypair.distrusted]
    primary = max((_age(keypair) for keypair in trusted if keypair.primary), default=(0, ""))
    for keypair in trusted:
        if rotation.phase == "promote" and _age(keypair) == primary:
            yield keypair
        if rotation.phase == "distrust" and _age(keypair) < primary:
            yield keypair


def open_keysets(session: Session, rotation: RotateKeypairs) -> tuple[str, ...]:
    """Return the keysets for which the phase is still due; raises `ResourceNotFound`."""
    return _open(_keysets(session, rotation), rotation)


def _keysets(session: Session, rotation: RotateKeypairs) -> dict[str, list[Keypair]]:
    """Return the keypairs of the rotation's keysets, by keyset."""
    keysets: dict[str, list[Keypair]] = {}
    for keypair in session.kops.credentials.list_keypairs(rotation.cluster):
        if keypair.problem and rotation.keyset in {ALL, keypair.name}:
            raise KeysetMissing(
                f'kops cannot read keyset "{keypair.name}" of cluster "{rotation.cluster}":'
                f" {keypair.problem}",
                hint=f"put it back: kled snapshot restore --name={rotation.cluster}"
                " --snapshot=latest --class=identity",
            )
        keysets.setdefault(keypair.name, []).append(keypair)
    if rotation.keyset != ALL and rotation.keyset not in keysets:
        raise ResourceNotFound(
            f'cluster "{rotation.cluster}" has no keyset "{rotation.keyset}"',
            hint=f"it has {', '.join(keysets) or 'none'}",
        )
    return keysets if rotation.keyset == ALL else {rotation.keyset: keysets[rotation.keyset]}


def _open(keysets: Mapping[str, Sequence[Keypair]], rotation: RotateKeypairs) -> tuple[str, ...]:
    return tuple(name for name in sorted(keysets) if _is_open(keysets[name], rotation.phase))


def plan(rotation: RotateKeypairs, keysets: Sequence[str]) -> Plan:
    """Return what the phase would change."""
    action: Literal["create", "modify"] = "create" if rotation.phase == "create" else "modify"
    fields = {"phase": rotation.phase}
    changes = tuple(Change(action, "keypair", keyset, fields) for keyset in keysets)
    return Plan(rotation.cluster, changes)


def require_rolled(session: Session, rotation: RotateKeypairs) -> None:
    """Raise `NotApproved` where machines have not reached the last phase yet. Only reads."""
    if rotation.phase == "create":
        return
    if not session.kops.cluster.preview_update(rotation.cluster).is_empty:
        raise NotApproved(
            f"the cloud lacks changes of the definition, so it is too early to {rotation.phase}",
            hint=f"kled kops update-cluster --name={rotation.cluster} --yes, then a rolling-update",
        )
    rolling = session.kops.cluster.preview_rolling_update(rotation.cluster, Roll(cloudonly=True))
    if not rolling.is_empty:
        raise NotApproved(
            f"machines still run the last phase, so it is too early to {rotation.phase}",
            hint=f"kled kops rolling-update --name={rotation.cluster} --yes",
        )


def _is_open(keypairs: Sequence[Keypair], phase: Phase) -> bool:
    """Say whether the phase is still due for a keyset; keypairs are ordered by their ids."""
    trusted = [keypair for keypair in keypairs if not keypair.distrusted]
    primary = max((_age(keypair) for keypair in trusted if keypair.primary), default=(0, ""))
    newer = [keypair for keypair in trusted if keypair.has_private_key and _age(keypair) > primary]
    if phase == "create":
        return not newer
    if phase == "promote":
        return bool(newer)
    return any(_age(keypair) < primary for keypair in trusted)


def _age(keypair: Keypair) -> tuple[int, str]:
    """Order keypairs as kops does: ids are numbers that rise with time (captures 35, 35b)."""
    return (len(keypair.id), keypair.id)
