"""Rules of the settings file: when clusters may be changed, who is asked first, who is told. Pure.

[[maintenance-windows]]
clusters = ["prod-*"]
days = ["sat", "sun"]
from = "02:00"
to = "05:00"
timezone = "Europe/Berlin"
outside = "wait"

[approval]
needed = ["deletions", "identity", "control-plane", "networking", "iam"]
automatic = ["dev-*"]

[notifications]
urls = ["env:SLACK_URL", "file:/etc/kled/pager-url"]
on = ["failure", "refusal", "approval-needed", "completion"]
"""

import fnmatch
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from kled.errors import InvalidInput

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

Outside = Literal["wait", "refuse"]
Area = Literal["deletions", "identity", "control-plane", "networking", "iam", "machines"]
Event = Literal["failure", "refusal", "approval-needed", "completion"]
AREAS: Final[tuple[Area, ...]] = get_args(Area)
EVENTS: Final[tuple[Event, ...]] = get_args(Event)
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_REFERENCES: Final = ("env:", "file:", "block:")


@dataclass(frozen=True, slots=True)
class Window:
    """A time of some days in which clusters may be changed."""

    clusters: tuple[str, ...]
    """Name patterns."""
    days: tuple[str, ...]
    """On which it opens."""
    begin: time
    end: time
    """The next day's where it is not later than `begin`."""
    timezone: str
    outside: Outside = "refuse"

    def is_open(self, now: datetime) -> bool:
        """Say whether `now` (with its time zone) is inside."""
        return any(begin <= now.astimezone(UTC) < end for begin, end in self._around(now))

    def opens(self, now: datetime) -> datetime:
        """Return when it opens next; `now` where it is open."""
        if self.is_open(now):
            return now
        ahead = (begin for begin, _ in self._around(now, days=15) if begin >= now.astimezone(UTC))
        return min(ahead).astimezone(_zone(self.timezone))

    def _around(self, now: datetime, *, days: int = 2) -> Iterator[tuple[datetime, datetime]]:
        """Yield when it opens and shuts, in UTC: local times of one zone compare as clocks read."""
        zone = _zone(self.timezone)
        first = now.astimezone(zone).date() - timedelta(days=1)
        for day in (first + timedelta(days=number) for number in range(days + 1)):
            if DAYS[day.weekday()] in self.days:
                over = timedelta(days=0 if self.end > self.begin else 1)
                begin, end = _at(day, self.begin, zone), _at(day + over, self.end, zone)
                yield begin, end if end > begin else begin + self._length

    @property
    def _length(self) -> timedelta:
        """How long it is open on a day of 24 hours."""
        minutes = (self.end.hour - self.begin.hour) * 60 + self.end.minute - self.begin.minute
        return timedelta(minutes=minutes % (24 * 60))


def _zone(name: str) -> "ZoneInfo":
    """Return the time zone; raises KeyError, ValueError or OSError where there is none."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - most settings have no window

    return ZoneInfo(name)


def _at(day: date, moment: time, zone: "ZoneInfo") -> datetime:
    """Return a local time in UTC; one that a change of the clocks leaves out is the first after."""
    local = datetime.combine(day, moment, zone)
    late = local.astimezone(UTC)
    if late.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return late
    after = late.astimezone(zone).utcoffset()
    before, after_gap = int(local.replace(fold=1).timestamp()), int(late.timestamp())
    while after_gap - before > 1:  # clocks go forward between these two seconds
        middle = (before + after_gap) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == after:
            after_gap = middle
        else:
            before = middle
    return datetime.fromtimestamp(after_gap, UTC)


@dataclass(frozen=True, slots=True)
class Approval:
    """Which changes a person has to agree to in flows; the command line asks by `--yes` alone."""

    needed: tuple[Area, ...] = ("deletions", "identity", "control-plane", "networking", "iam")
    automatic: tuple[str, ...] = ()
    """Name patterns of clusters for which nobody is asked."""
    configured: bool = False
    """Whether the settings file says anything of it: else nobody is asked."""


@dataclass(frozen=True, slots=True)
class Notifications:
    """Who is told of what; URLs are apprise's, and only named by where they stand."""

    urls: tuple[str, ...] = ()
    on: tuple[Event, ...] = EVENTS


@dataclass(frozen=True, slots=True)
class Rules:
    """All of them."""

    windows: tuple[Window, ...] = ()
    approval: Approval = Approval()
    notifications: Notifications = Notifications()

    def windows_of(self, cluster: str) -> tuple[Window, ...]:
        """Return the windows that bind a cluster; none: it may be changed at any time."""
        return tuple(window for window in self.windows if _any(cluster, window.clusters))

    def asks_for(self, cluster: str) -> tuple[Area, ...]:
        """Return the areas whose changes of a cluster a person has to agree to."""
        approval = self.approval
        if not approval.configured or _any(cluster, approval.automatic):
            return ()
        return approval.needed


KEYS: Final = {
    "maintenance-windows": "a list of tables: when clusters may be changed",
    "approval": "a table: which changes in flows a person has to agree to",
    "notifications": "a table: who is told of what",
}
WINDOW_KEYS: Final = {
    "clusters": "a list of name patterns [default: all clusters]",
    "days": f"those on which it opens: {', '.join(DAYS)} [default: each]",
    "from": "when it opens, as 02:00",
    "to": "when it shuts, on the next day where it is not later than `from`",
    "timezone": "by its name, as Europe/Berlin",
    "outside": "`wait` until it opens, or `refuse` [default: refuse]",
}
APPROVAL_KEYS: Final = {
    "needed": f"a list of {', '.join(AREAS)} [default: all but machines]",
    "automatic": "a list of name patterns of clusters for which nobody is asked",
}
NOTIFICATION_KEYS: Final = {
    "urls": "a list of places where apprise's URLs stand: `env:NAME`, `file:PATH`, `block:NAME`",
    "on": f"a list of {', '.join(EVENTS)} [default: all]",
}


def load(document: Mapping[str, Any]) -> Rules:
    """Read the rules from the settings file's document. Raises `InvalidInput`, naming the field."""
    raw = document.get("maintenance-windows", [])
    if not isinstance(raw, list):
        raise InvalidInput("maintenance-windows", "must be [[maintenance-windows]] tables")
    return Rules(
        tuple(
            _window(f"maintenance-windows[{number}]", window) for number, window in enumerate(raw)
        ),
        approval_of(document.get("approval")),
        _notifications(document.get("notifications")),
    )


def _window(where: str, raw: object) -> Window:
    table = _table(where, raw, WINDOW_KEYS)
    for key in ("from", "to", "timezone"):
        if key not in table:
            raise InvalidInput(f"{where}.{key}", "is missing")
    zone = str(table["timezone"])
    try:
        _zone(zone)
    except (KeyError, ValueError, OSError) as error:
        raise InvalidInput(f"{where}.timezone", f"{zone!r} is not a time zone") from error
    begin, end = _time(f"{where}.from", table["from"]), _time(f"{where}.to", table["to"])
    if begin == end:
        raise InvalidInput(f"{where}.to", "is the same time as from: leave the window out")
    return Window(
        _names(f"{where}.clusters", table.get("clusters", ["*"])),
        _chosen(f"{where}.days", table.get("days", list(DAYS)), DAYS),
        begin,
        end,
        zone,
        _one(f"{where}.outside", table.get("outside", "refuse"), get_args(Outside)),
    )


def approval_of(raw: object) -> Approval:
    """Read `[approval]`; None: nobody wrote any. Raises `InvalidInput`, naming the field."""
    if raw is None:
        return Approval()
    if isinstance(raw, dict) and "approver" in raw:
        raise InvalidInput(
            "approval.approver",
            "cannot be kept: no approval is signed, so nobody can tell who gave it",
            hint="leave it out; who may answer is whoever may reach the Prefect server",
        )
    table = _table("approval", raw, APPROVAL_KEYS)
    return Approval(
        _chosen("approval.needed", table.get("needed", list(Approval().needed)), AREAS),
        _names("approval.automatic", table.get("automatic", [])),
        configured=True,
    )


def _notifications(raw: object) -> Notifications:
    if raw is None:
        return Notifications()
    table = _table("notifications", raw, NOTIFICATION_KEYS)
    urls = _names("notifications.urls", table.get("urls", []))
    for url in urls:
        if not url.startswith(_REFERENCES):
            raise InvalidInput(
                "notifications.urls",
                "must name where the URL stands, since it holds a secret",
                hint="for example env:SLACK_URL, file:/etc/kled/slack-url or block:slack-url",
            )
        if "://" in url.partition(":")[2]:
            raise InvalidInput(
                "notifications.urls",
                f"{url.partition(':')[0]}: names where the URL stands, and is the URL itself here",
                hint="rules are kept in plain text: put the URL where they name it",
            )
    return Notifications(urls, _chosen("notifications.on", table.get("on", list(EVENTS)), EVENTS))


def _table(where: str, raw: object, known: Collection[str]) -> Mapping[str, Any]:
    if not isinstance(raw, dict):
        raise InvalidInput(where, "must be a table")
    for key in raw:
        if key not in known:
            hint = f"known: {', '.join(sorted(known))}"
            raise InvalidInput(f"{where}.{key}", "is not a key of it", hint=hint)
    return raw


def _names(where: str, raw: object) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(name, str) and name for name in raw):
        raise InvalidInput(where, "must be a list of strings")
    return tuple(raw)


def _chosen(where: str, raw: object, known: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(_one(where, name, known) for name in _names(where, raw))


def _one(where: str, raw: object, known: Sequence[Any]) -> Any:  # noqa: ANN401 - one of `known`
    if raw not in known:
        raise InvalidInput(where, f"{raw!r} is none of {', '.join(known)}")
    return raw


def _time(where: str, raw: object) -> time:
    match = _TIME.fullmatch(str(raw))
    if match is None:
        raise InvalidInput(where, f"{raw!r} is not a time such as 02:00")
    return time(int(match[1]), int(match[2]))


def _any(cluster: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(cluster, pattern) for pattern in patterns)
