"""No hint of a refused restore is the command that was just typed."""

from __future__ import annotations

import re
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import pytest

from kled.errors import KledError
from kled.operations.recovery.restorable import require_own_keys, require_trusted
from kled.operations.recovery.restore_approval import require_approved, require_spared
from kled.operations.recovery.restore_place import require_own_place
from kled.operations.recovery.restore_state import RestoreState, Settled, Wish
from kled.snapshot.trust.trust import Trust
from kled.storage.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable

C: Final = "c.example.com"
ID: Final = "20261125T034149Z-a1b2c3d4"
NEWER: Final = "20261126T034149Z-b1b2c3d4"
KEYS: Final = "pki/private/kubernetes-ca/keyset.yaml"
_COMMAND: Final = re.compile(r"kled snapshot restore [^;,]*")
_LATEST: Final = Wish(C, ID, aside=())
"""As `latest` is once it is settled."""
WISHES: Final = (
    _LATEST,
    replace(_LATEST, with_control=True, classes=("identity",)),
    Wish(C, ID),
    Wish(C, ID, classes=("identity",)),
    Wish(C, ID, rewrite_places=True, of="s3://old"),
    Wish(C, ID, to="s3://other"),
    Wish(C, ID, prefix="d.example.com"),
)
_SURE: Final = Trust(1)
_PLANNED: Final = SimpleNamespace(
    digest="ab" * 32,
    is_empty=False,
    manifest=SimpleNamespace(cluster=C, state_store="s3://theirs"),
    target="s3://state",
    prefix=f"{C}/",
    same=("config",),
    own=frozenset(),
    deletes=("instancegroup/spot",),
    writes=(SimpleNamespace(record=SimpleNamespace(key=KEYS)),),
    replaced=lambda *_: [KEYS],
)


def _settled(wish: Wish, **more: Any) -> Settled:
    return Settled(wish, more.pop("trust", _SURE), state_store="s3://theirs", **more)


def _own_keys(**more: Any) -> Callable[[Wish], None]:
    plan: Any = _PLANNED
    return lambda wish: require_own_keys(MemoryStore(), _settled(wish, **more), plan)


def _trusted(**more: Any) -> Callable[[Wish], None]:
    return lambda wish: require_trusted(_settled(wish, **more))


def _place(wish: Wish) -> None:
    plan: Any = _PLANNED
    require_own_place(MemoryStore(), plan, wish)


def _approved(wish: Wish) -> None:
    plan: Any = _PLANNED
    session: Any = SimpleNamespace(
        stores=SimpleNamespace(), overrides=SimpleNamespace(no_snapshot=False)
    )
    restoring = RestoreState(wish, raise_epoch=True)
    require_approved(session, restoring, plan)
    require_spared(session, restoring, plan)


REFUSALS: Final[dict[str, Callable[[Wish], None]]] = {
    "ended, and nothing is newer": _own_keys(has_ended=True),
    "ended, and something is newer": _own_keys(has_ended=True, newest=NEWER),
    "rotated since": _own_keys(rotated_since=("kubernetes-ca",), newest=NEWER),
    "untrusted": _trusted(trust=Trust(None, ("its archive is gone",))),
    "of another state store": _trusted(foreign="it is of s3://theirs"),
    "succeeded": _trusted(is_succeeded=True),
    "another's place": _place,
    "not approved": _approved,
}


@pytest.mark.parametrize("refusal", list(REFUSALS))
def test_no_hint_is_what_was_typed(refusal: str) -> None:
    hints = {wish: hint for wish in WISHES if (hint := _hint_of(REFUSALS[refusal], wish))}

    assert hints
    for wish, hint in hints.items():
        typed = {wish.again(), wish.again(snapshot="latest") if wish.is_latest else ""}
        assert not typed & {one.strip() for one in _COMMAND.findall(hint)}, hint


def _hint_of(check: Callable[[Wish], None], wish: Wish) -> str:
    try:
        check(wish)
    except KledError as error:
        return error.hint or "NO HINT"
    return ""


def test_where_no_snapshot_of_the_living_cluster_is_there_one_is_made_first() -> None:
    for wish in (_LATEST, Wish(C, ID)):
        with pytest.raises(KledError) as refused:
            REFUSALS["ended, and nothing is newer"](wish)

        assert f"kled snapshot create --name={C}" in str(refused.value.hint)
        assert "--snapshot=latest" not in str(refused.value.hint)
