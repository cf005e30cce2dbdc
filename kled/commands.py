"""The commands that kled tells people to type, made complete with the places that are meant. Pure.

Hints, ways back and next commands are written where nobody knows how the command line named its
stores. Where they are told, each command in them gets the options that whoever types it needs to
reach the same places: without them it acts on whatever store the shell names.
"""

import fnmatch
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kled.sentences import word
from kled.store_urls import undecoded

Options = Mapping[str, str]
_STATE: Final = frozenset({"--config", "--state"})
_KEPT: Final = _STATE | {"--snapshot-store"}
_ONLY_CONFIG: Final = frozenset({"--config"})
_ONLY_STATE: Final = frozenset({"--state"})
_NOTHING: Final = frozenset[str]()

TAKES: Final[Mapping[str, frozenset[str]]] = {
    "approve": _NOTHING,
    "check-health": _KEPT,
    "completion": _NOTHING,
    "demo": _NOTHING,
    "deploy": _ONLY_CONFIG,
    "doctor": _STATE,
    "flows": _ONLY_CONFIG,
    "plan": _STATE,
    "recover plan": _KEPT,
    "run": _STATE,
    "undeploy": _ONLY_CONFIG,
    "kops configure-state-store": _STATE,
    "kops create-cluster": _KEPT,
    "kops create-instance-group": _KEPT,
    "kops create-secret": _KEPT,
    "kops delete-cluster": _KEPT,
    "kops delete-instance-group": _KEPT,
    "kops delete-secret": _KEPT,
    "kops edit-cluster": _KEPT,
    "kops edit-instance-group": _KEPT,
    "kops export-kubecfg": _STATE,
    "kops get-clusters": _STATE,
    "kops get-instance-groups": _STATE,
    "kops get-instances": _STATE,
    "kops get-keypairs": _STATE,
    "kops get-secrets": _STATE,
    "kops install": _NOTHING,
    "kops reconcile-cluster": _KEPT,
    "kops rolling-update": _KEPT,
    "kops rotate-keypairs": _KEPT,
    "kops scale-instance-group": _KEPT,
    "kops toolbox-dump": _STATE,
    "kops update-cluster": _KEPT,
    "kops upgrade-cluster": _KEPT,
    "kops validate-cluster": _STATE,
    "sandbox break": _NOTHING,
    "sandbox env": _NOTHING,
    "sandbox start": _NOTHING,
    "sandbox status": _NOTHING,
    "sandbox stop": _NOTHING,
    "snapshot create": _KEPT,
    "snapshot diff": _KEPT,
    "snapshot epoch raise": _KEPT,
    "snapshot epoch show": _KEPT,
    "snapshot list": _KEPT,
    "snapshot mirror": _KEPT,
    "snapshot prune": _KEPT,
    "snapshot restore": _KEPT,
    "snapshot show": _KEPT,
    "snapshot verify": _KEPT,
}
"""Every command with the places that it can be told and that decide what it acts on."""
CONFIRMED: Final = frozenset(
    {
        "kops delete-cluster",
        "kops delete-instance-group",
        "snapshot prune",
        "snapshot restore",
    }
)
"""The commands that want the name of a protected cluster once more where they act."""
_KOPS: Final = (
    "create keypair",
    "distrust keypair",
    "edit cluster",
    "promote keypair",
    "trust keypair",
    "update cluster",
)
"""What is told of kops itself: it reads no settings file of kled's, and may not be on the PATH."""
CREATE_AGAIN: Final = "kled kops create-cluster with the same options and"
"""A creation that was refused, with more options: only the command line knows what was typed."""
_OF_STORES: Final = ("configure-state-store", "create-cluster", "get-clusters", "install")
_OF_ONE: Final = frozenset(
    command
    for command in TAKES
    if command in {"check-health", "plan", "recover plan"}
    or (command.startswith("kops ") and not command.endswith(_OF_STORES))
)
"""The commands that are about one cluster."""
ADVICE: Final = frozenset(
    {
        "against",
        "because",
        "command",
        "detail",
        "findings",
        "hint",
        "interrupted",
        "mend",
        "next",
        "refused",
        "remark",
        "remarks",
        "way_back",
        "why",
        "words",
    }
)
"""The keys of kled's own sentences in reports, rows and artifacts; all others hold what is."""
_DEPLOYMENT: Final = "--deployment"
_NAMES: Final = "|".join(sorted((re.escape(command) for command in TAKES), key=len, reverse=True))
_COMMAND: Final = re.compile(
    rf"(?<![\w/.-])(?:kled ({_NAMES})|(?<!kled )kops ({'|'.join(_KOPS)}))(?![\w-]|\.\w)"
)
_WORD: Final = re.compile(r"""\s*((?:'[^']*'|"[^"]*"|[^\s'"`;|()])+)""")
_TRAILING: Final = re.compile(r"(?<!\.)[,.:]$")


@dataclass(frozen=True, slots=True)
class Places:
    """The places that a command needs to be told; None: it finds the right one by itself."""

    state: str | None = None
    snapshots: str | None = None
    config: str | None = None
    protected: tuple[str, ...] = ()
    """Patterns of the names that must be typed once more (`CONFIRMED`), as the settings have
    them."""
    state_of_kops: str | None = None
    """The state store that commands of kops itself have to be told, where `state` is None."""
    kops: str | None = None
    """The kops in use, where a shell would find none, or another one."""

    def named(self) -> Iterator[tuple[str, str]]:
        """Yield the option and the value of each."""
        for option, value in (
            ("--state", self.state),
            ("--snapshot-store", self.snapshots),
            ("--config", self.config),
        ):
            if value is not None:
                yield option, value


NOWHERE: Final = Places()


def completed(text: str, places: Places) -> str:
    """Return `text` in which every command of kled names `places`, quoted for a shell.

    A command keeps what it names itself, and gets no option that it does not take. One of kops
    itself, which decodes no URL, gets a directory as a path, and begins with the program where that
    is told. One that acts on a protected cluster names it once more. Idempotent.
    """
    if places == NOWHERE:
        return text
    named = tuple(places.named())

    def wanted(command: str, given: Options) -> list[tuple[str, str]]:
        mine = [option for option in named if option[0] in _takes(command)]
        if command in _KOPS:
            url = places.state or places.state_of_kops
            return [("--state", undecoded(url))] if url else []
        return [*_confirmation(command, given, places.protected), *mine]

    return _with(text, wanted, places.kops)


def _confirmation(
    command: str, given: Options, protected: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Yield the name once more, where the command acts on a cluster that the patterns protect."""
    name = given.get("--name", "")
    place = given.get("--as", name)
    if command not in CONFIRMED or "--yes" not in given or not place:
        return
    if any(fnmatch.fnmatchcase(who, pattern) for who in (name, place) for pattern in protected):
        yield "--confirm", place


def about(text: str, cluster: str) -> str:
    """Return `text` in which every command about one cluster names this one, where it names none.

    Idempotent.
    """
    of_one = _OF_ONE.union(_KOPS)
    return _with(text, lambda command, _given: [("--name", cluster)] if command in of_one else [])


def without_snapshots(text: str) -> str:
    """Return a hint without its clauses, between semicolons, that name commands on snapshots.

    Where no snapshot store is configured, each of them ends with exit 2.
    """
    clauses = text.split("; ")
    return "; ".join(clause for clause in clauses if "kled snapshot " not in clause)


def _takes(command: str) -> frozenset[str]:
    return TAKES.get(command, _ONLY_STATE)


def advised(value: Any, places: Places) -> Any:  # noqa: ANN401 - plain data of any shape
    """Return plain data in which the sentences of kled (`ADVICE`) name `places`."""
    if places == NOWHERE:
        return value
    match value:
        case Mapping():
            return {
                key: _said(inner, places) if key in ADVICE else advised(inner, places)
                for key, inner in value.items()
            }
        case list() | tuple():
            return [advised(inner, places) for inner in value]
        case _:
            return value


def _with(
    text: str,
    wanted: Callable[[str, Options], Sequence[tuple[str, str]]],
    kops: str | None = None,
) -> str:
    """Return `text` in which each command has the options that are `wanted` of it.

    With `kops`, those of kops itself begin with that program.
    """
    if "kled " not in text and "kops " not in text:
        return text
    parts, at = [], 0
    for command in _COMMAND.finditer(text):
        following = _following(text, command.end())
        end = _end_of_options(following, command.end())
        name = command[1] or command[2]
        given = _given(following)
        if command[2] and kops:
            parts += [text[at : command.start()], word(kops)]
            at = command.start() + len("kops")
        parts += [text[at:end], _missing(name, given, wanted(name, given))]
        at = end
    return "".join(parts) + text[at:]


def _said(value: Any, places: Places) -> Any:  # noqa: ANN401 - plain data of any shape
    match value:
        case str():
            return completed(value, places)
        case list() | tuple():
            return [_said(inner, places) for inner in value]
        case _:
            return advised(value, places)


def _following(text: str, at: int) -> list[tuple[str, int]]:
    """Return the shell's words after a command up to its end, each with where it ends."""
    parts: list[tuple[str, int]] = []
    following = _COMMAND.search(text, at)
    limit = following.start() if following else len(text)
    while (part := _WORD.match(text, at, limit)) is not None:
        parts.append((part[1], part.end()))
        at = part.end()
    return parts


def _end_of_options(following: list[tuple[str, int]], start: int) -> int:
    """Return where the options that follow the command at once end, before a comma of prose.

    An option before a word may be one with its value: what is missing then goes before it.
    """
    before = start
    for text, end in following:
        if not text.startswith("-"):
            return before
        bare = _TRAILING.sub("", text)
        before, start = start, end - len(text) + len(bare)
        if "=" in text:
            before = start
        if bare != text:
            break
    return start


def _given(following: list[tuple[str, int]]) -> Options:
    """Return the options after a command with their values, as they are where none needs quotes."""
    pairs = (_TRAILING.sub("", text).partition("=") for text, _ in following)
    return {option: value for option, _, value in pairs}


def _missing(command: str, given: Options, wanted: Sequence[tuple[str, str]]) -> str:
    """Return the options that the command lacks, each after a blank."""
    if command == "run" and _DEPLOYMENT in given:  # a worker has stores of its own
        return ""
    return "".join(f" {option}={word(value)}" for option, value in wanted if option not in given)
