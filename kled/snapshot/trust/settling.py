"""What settles each kind of finding of a snapshot store. Pure.

A wrong clock or a wrong key loses nothing, so giving up what is lost would be the wrong advice.
"""

from collections.abc import Sequence
from typing import Final

from kled.sentences import options

DATED_AFTER_NOW: Final = "is dated after now"
OTHER_KEY: Final = "is not signed with a configured key"
UNSIGNED: Final = "is not signed, and a verification key is configured"
BEFORE_KEYS: Final = "it has no keysets, and"
LACKS_KEYS: Final = "it lacks keys that the state store has now:"
DAMAGED_KEYS: Final = "in the state store damaged, and whole in this snapshot:"
OF_A_COPY: Final = "is it of a copy? say where the cluster lives, and it is no finding any more:"
ROOT_GONE: Final = "kled.json is gone from"
NO_SNAPSHOT: Final = "no snapshot has its keys:"
OTHER_RECIPIENTS: Final = "is encrypted to others than this identity"
_KEY: Final = (
    "is KLED_SNAPSHOT_VERIFICATION_KEY the right one? name the public key that they were signed"
    " with, as where snapshots are taken (several are separated by commas); nothing is lost by a"
    " wrong one"
)
_IDENTITY: Final = (
    "name the identity that opens them: KLED_SNAPSHOT_IDENTITY; nothing is lost by a wrong one"
)
_CLOCK: Final = (
    "set the clock that is wrong, then let a new run come after that one: kled snapshot create"
    " --all"
)
_KEYS: Final = (
    "what is there now is in a snapshot by: kled snapshot create --all; where the state store has"
    " lost its keys: kled snapshot list, or a second site"
)
_PRESENT: Final = "what is there now is in a snapshot by: kled snapshot create --all"
_DAMAGED: Final = (
    "what is damaged in the state store is put back from its snapshot: kled snapshot restore"
    " --name=CLUSTER --snapshot=ID --class=identity"
)
_COPY: Final = "what is of a copy is settled by the epoch of its original, as its finding says"
_ROOT: Final = "the next run makes kled.json anew: kled snapshot create --all"
_ADVICE: Final = (
    (ROOT_GONE, _ROOT),
    (LACKS_KEYS, _PRESENT),
    (DAMAGED_KEYS, _DAMAGED),
    (NO_SNAPSHOT, _PRESENT),
    (OF_A_COPY, _COPY),
    (BEFORE_KEYS, _KEYS),
    (OTHER_KEY, _KEY),
    (OTHER_RECIPIENTS, _IDENTITY),
    (DATED_AFTER_NOW, _CLOCK),
)
_LOST: Final = (
    "older ones: kled snapshot list; new ones: kled snapshot create --all; what is lost for good is"
    " given up, and made anew, by kled snapshot create --all --anew"
)


def is_of_keys(finding: str) -> bool:
    """Say whether a finding is about the stored keys, rather than about a damaged snapshot."""
    return finding.startswith((LACKS_KEYS, DAMAGED_KEYS, NO_SNAPSHOT))


def is_of_damage(finding: str) -> bool:
    """Say whether it is only about keys damaged in the state store, which a snapshot has whole."""
    return finding.startswith(DAMAGED_KEYS) and LACKS_KEYS not in finding


def command_for(finding: str, cluster: str, snapshot: str) -> str:
    """Return the command that settles a finding of present keys, by the snapshot that it is of.

    Keys that no snapshot has come first: a restore of others may replace them.
    """
    if is_of_damage(finding):
        named = {"name": cluster, "snapshot": snapshot, "class": "identity"}
        return f"kled snapshot restore {options(**named)}"
    return f"kled snapshot create {options(name=cluster)}"


def advise(findings: Sequence[str]) -> str:
    """Return what settles these findings, once for each kind; other findings may be losses."""
    kinds = [
        next((told for sign, told in _ADVICE if sign in finding), _LOST) for finding in findings
    ]
    return "; ".join(dict.fromkeys(kinds)) or _LOST
