"""The step of an edit: what it changed from what to what, and how exactly that is taken back."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kled.errors import KledError
from kled.operations import ways_back
from kled.operations.instance_group.edited_group import Document, changes
from kled.operations.step import REFUSALS, Step
from kled.retry import CHANGE
from kled.sentences import options

if TYPE_CHECKING:
    from kled.kops.fields.known_fields import Kind
    from kled.operations.session import Session

NO_CHANGE: Final = "no change: it says so already"


def edit_step(
    kind: "Kind",
    named: Mapping[str, str],
    read: "Callable[[Session], Document]",
    change: "Callable[[Session, Document], tuple[str, ...]]",
) -> Step:
    """Return the step that makes `change` to the stored object that `read` returns.

    `named` are the options that name the object. `change` returns the fields, unknown to this kops,
    that are given up with it. Safe to repeat and to kill: kops writes the one object whole. Of one
    that failed, what is stored by then is looked at: where nothing differs, there is no way back.
    """
    seen = _Seen()

    def look(session: "Session", first: Document) -> tuple[str, ...]:
        seen.now = read(session)
        seen.back.are(ways_back.of_edit(session, kind, named, first, seen.now))
        return changes(first, seen.now)

    def act(session: "Session") -> str:
        before = read(session)
        first = seen.begins(before)
        try:
            given_up = change(session, before)
        except KledError as error:
            if not isinstance(error, REFUSALS):
                with suppress(KledError):
                    look(session, first)
            raise
        seen.given_up += tuple(f"{name}: given up" for name in given_up)
        return "; ".join((*look(session, first), *seen.given_up)) or NO_CHANGE

    command = f"kled kops {ways_back.verb(kind)} {options(**named)}"
    return Step(
        ways_back.verb(kind).replace("-", " "),
        act,
        CHANGE,
        way_back=f"set the earlier values again: {command}",
        changed=seen.differs,
        back=seen.back,
    )


@dataclass
class _Seen:
    """What was stored before the first attempt, and what after the last; None: nobody knows."""

    first: Document | None = None
    now: Document | None = None
    given_up: tuple[str, ...] = ()
    back: ways_back.KnownWayBack = field(default_factory=ways_back.KnownWayBack)

    def begins(self, before: Document) -> Document:
        """Note an attempt; return what was stored before the first one."""
        self.first, self.now = self.first or before, None
        return self.first

    def differs(self) -> bool:
        """Whether there may be something to take back."""
        if self.first is None:
            return False
        return self.now is None or bool(self.given_up or changes(self.first, self.now))
