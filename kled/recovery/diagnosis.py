"""Which case it is: pure, from what looks found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from kled.errors import InvalidInput
from kled.recovery.evidence import Evidence
from kled.recovery.facts import VALUES, Case, Facts, possible
from kled.recovery.known import known
from kled.sentences import enumerated, number

SENTENCES: Final[dict[Case, str]] = {
    "nothing-lost": "nothing is lost: the cluster and its state are there",
    "state-lost": "its state is lost or damaged, and the cluster runs",
    "control-plane-lost": "its control plane is lost, and its state is there",
    "region-lost": "its state store and all that the cloud had of it are lost",
    "deleted": "it was deleted, or a deletion has begun",
    "several": "several things are lost at once, or what is there contradicts itself",
    "elsewhere": "it lives in another state store than the one that was looked at",
    "not-known": "which case it is cannot be told: what decides is not known",
}
"""Each case in one sentence, which begins with the cluster's name."""
_NAMES: Final = {
    "home": "where it lives, by its epoch",
    "state": "its state store",
    "cloud": "its cloud",
    "api": "its API",
    "dns": "its DNS name",
    "etcd": "what etcd's backups hold",
    "lease": "who holds its lease",
    "snapshots": "its snapshots",
    "versions": "earlier versions in the bucket",
    "deletion_on_record": "whether a deletion has begun",
}
_FRESH: Final = timedelta(minutes=35)
"""etcd-manager writes a backup every 15 minutes: a running one left one within two intervals."""
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Something that is not known, and what would tell."""

    key: str
    """The look that could not tell."""
    what: str
    because: str
    hint: str
    decides: bool
    """Whether the case depends on it."""

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "key": self.key,
            "what": self.what,
            "because": self.because,
            "hint": self.hint,
            "decides": self.decides,
        }


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The case, why it is that one, and what is not known."""

    cluster: str
    case: Case
    possible: tuple[Case, ...]
    """The cases that are left, sorted; one where the facts decide."""
    reasons: tuple[str, ...] = ()
    """What speaks for it, in sentences."""
    against: tuple[str, ...] = ()
    """What speaks against it, or has to be looked at first, in sentences."""
    unknown: tuple[Unanswered, ...] = ()
    said: bool = False
    """Whether a person said which case it is, because the facts leave several."""

    @property
    def sentence(self) -> str:
        """The case in one sentence."""
        said = " (as you say)" if self.said else ""
        return f"{self.cluster}: {SENTENCES[self.case]}{said}"

    def as_json(self) -> dict[str, object]:
        """Plain data for `--output json`."""
        return {
            "case": self.case,
            "sentence": self.sentence,
            "possible": list(self.possible),
            "said": self.said,
            "reasons": list(self.reasons),
            "against": list(self.against),
            "unknown": [each.as_json() for each in self.unknown],
        }


def diagnose(evidence: Evidence, said: Case | None = None) -> Diagnosis:
    """Return the case that the evidence leaves; pure, and the same for the same evidence.

    Where it leaves several, a person may have `said` which one it is; raises `InvalidInput` where
    what is known excludes that one.
    """
    left = possible(evidence.facts)
    if said is not None and said not in left:
        raise InvalidInput(
            "--case",
            f"{said} is excluded by what is known of {evidence.cluster}",
            hint=f"what is possible: {', '.join(sorted(left))}; without --case the reasons are"
            " shown",
        )
    decided = next(iter(left)) if len(left) == 1 else "not-known"
    case = said or decided
    return Diagnosis(
        evidence.cluster,
        case,
        tuple(sorted(left)),
        reasons=tuple(_reasons(evidence)),
        against=tuple(_against(evidence, case)),
        unknown=tuple(_unknown(evidence, left)),
        said=said is not None and said != decided,
    )


def _reasons(evidence: Evidence) -> Iterator[str]:
    tells: tuple[Callable[[Evidence], Iterator[str]], ...] = (_home, _state, _cloud, _api)
    for tell in tells:
        yield from tell(evidence)


def _home(evidence: Evidence) -> Iterator[str]:
    home = known(evidence.home)
    if evidence.facts.home == "elsewhere" and home is not None:
        yield (
            f"the epoch says that it lives in {home.state_store} since epoch {home.number}, not in"
            f" {evidence.state_store}"
        )
    match evidence.facts.end:
        case "begun":
            yield "kled recorded a deletion that has begun and was not finished"
        case "deleted":
            final = f"; its final snapshot is {home.final}" if home and home.final else ""
            yield f"kled deleted it, and recorded that{final}"
        case "unregistered":
            yield "kled unregistered it: its state went on purpose, and its machines were left"
        case _:
            return


def _state(evidence: Evidence) -> Iterator[str]:
    state = known(evidence.state)
    if state is None:
        return
    match state.fact:
        case "whole":
            groups = number(len(state.groups), "group")
            yield f"{state.url} has its definition, its keys and {groups}"
        case "unapplied":
            yield f"{state.url} has a definition of it that kops never applied"
        case "damaged":
            yield f"{state.url} has a part of it: {enumerated(state.findings, _SHOWN)}"
        case "gone":
            yield f"{state.url} answers, and has nothing of it"
        case "store-gone":
            yield f"there is no state store at {state.url} any more"


def _cloud(evidence: Evidence) -> Iterator[str]:
    cloud = known(evidence.cloud)
    if cloud is None:
        return
    if evidence.lost_groups:
        names = enumerated(evidence.lost_groups, _SHOWN)
        yield f"machines of {names} run without a definition in the state store: kops forgets them"
    resources = number(sum(cloud.counts.values()), "resource")
    match cloud.fact:
        case "machines":
            yield f"the cloud has {resources} of it, and machines of a control plane"
        case "no-control-plane":
            yield f"the cloud has {resources} of it, and no machine of a control plane"
        case "nothing":
            yield "the cloud has nothing of that name, where kops looks by its definition"


def _api(evidence: Evidence) -> Iterator[str]:
    api = known(evidence.api)
    if api is None:
        return
    servers = enumerated(api.servers, _SHOWN)
    match api.fact:
        case "ours":
            yield f"its API answers at {servers}, served by the authority of {api.compared_with}"
        case "another":
            yield (
                f"an API answers at {servers}, served by another authority of that name than"
                f" {api.compared_with} has"
            )
        case "silent":
            yield f"its API does not answer at {servers}"


def _against(evidence: Evidence, case: Case) -> Iterator[str]:
    lease = known(evidence.lease)
    if lease is not None and lease.holder:
        yield f"{lease.holder} holds its lease: a change may be under way, which explains a lot"
    facts = evidence.facts
    if facts.api == "ours" and facts.cloud == "nothing":
        yield "its API answers, and the cloud lists nothing: kops asks another account or region"
    if facts.api == "another":
        yield (
            "the address may be another cluster's by now; else a rotation came after what is known,"
            " and machines live by its keys"
        )
    if case == "deleted" and facts.end == "none":
        yield (
            "kled recorded no deletion: it was deleted without kled, or kops asks another account"
            " or region"
        )
    if case in {"control-plane-lost", "several"}:
        yield from _fresh_backups(evidence)
    dns = known(evidence.dns)
    if case in {"deleted", "region-lost"} and dns is not None and dns.addresses:
        yield f"{dns.name} resolves to {enumerated(dns.addresses, _SHOWN)} still"


def _fresh_backups(evidence: Evidence) -> Iterator[str]:
    state = known(evidence.state)
    for backup in state.backups if state is not None else ():
        if backup.at is not None and evidence.at - backup.at < _FRESH:
            yield (
                f"etcd-manager wrote backup {backup.name} of etcd {backup.etcd}"
                f" {_minutes(evidence.at, backup.at)} ago: its etcd ran then"
            )


def _minutes(now: datetime, then: datetime) -> str:
    return number(int((now - then).total_seconds() // 60), "minute")


def _unknown(evidence: Evidence, left: frozenset[Case]) -> Iterator[Unanswered]:
    """Yield what is not known, what decides first; a fact decides where knowing it leaves less."""
    deciding = {name for name in evidence.facts.unknown if _matters(evidence.facts, name, left)}
    looks = evidence.unknown
    of_fact = {"end": "home"}
    ordered = sorted(looks, key=lambda name: name not in deciding)
    for name in ordered:
        decides = name in {of_fact.get(fact, fact) for fact in deciding}
        seen = looks[name]
        yield Unanswered(name, _NAMES[name], seen.because, seen.ask, decides)


def _matters(facts: Facts, name: str, left: frozenset[Case]) -> bool:
    """Say whether some value of the fact would leave fewer cases."""
    known_facts = {each: getattr(facts, each) for each in VALUES}
    return any(possible(Facts(**{**known_facts, name: value})) != left for value in VALUES[name])
