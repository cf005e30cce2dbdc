"""What is remembered of rolls survives being written."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kled.errors import DocumentDamaged
from kled.models.rolled import Rolled
from kled.operations.records.roll_journal import RECORD, Journal, OpenRoll

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
SOME = st.lists(NAMES).map(tuple)
ROLLED = st.builds(
    Rolled,
    NAMES,
    st.sampled_from(["node", "control-plane"]),
    st.integers(0, 99),
    st.integers(0, 10**6).map(float),
    st.datetimes(timezones=st.just(UTC)),
)
JOURNALS = st.builds(
    Journal,
    st.none() | st.builds(OpenRoll, SOME, st.booleans(), SOME, SOME, st.booleans()),
    st.lists(ROLLED, max_size=5).map(tuple),
)


@given(JOURNALS)
def test_a_journal_is_read_as_it_was_written(journal: Journal) -> None:
    assert RECORD.decode(RECORD.encode(journal), "c", "it") == journal


def test_a_journal_of_an_earlier_kled_is_read() -> None:
    begun = {"cordoned": ["node-1"], "forced": True, "done": ["nodes"]}
    document = json.loads(RECORD.encode(Journal())) | {"begun": begun, "past": []}

    journal = RECORD.decode(json.dumps(document).encode(), "c", "it")

    assert journal == Journal(OpenRoll(("node-1",), forced=True, done=("nodes",)))


def test_only_the_newest_groups_are_kept_and_a_forced_roll_remembers_what_it_did() -> None:
    journal = Journal(OpenRoll((), forced=True))

    for number in range(60):
        at = datetime(2026, 11, 25, tzinfo=UTC)
        journal = journal.with_rolled(Rolled(f"g{number}", "node", 1, 1.0, at))

    assert len(journal.past) == 50
    assert journal.begun is not None
    assert len(journal.begun.done) == 60


@pytest.mark.parametrize("seconds", [1e15, 9e18])
def test_a_roll_that_took_longer_than_any_is_damage(seconds: float) -> None:
    """Fault 87: the time of the next one was reckoned with it, and ended in a traceback."""
    body = RECORD.encode(Journal(past=(Rolled("g", "node", 1, seconds, datetime.now(UTC)),)))

    with pytest.raises(DocumentDamaged, match="seconds"):
        RECORD.decode(body, "c", "it")
