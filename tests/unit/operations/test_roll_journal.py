"""What is remembered of rolls survives being written, and being damaged."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kled.models.rolled import Rolled
from kled.operations.roll_journal import Begun, Journal, decode, encode

NAMES = st.text(min_size=1, max_size=20)
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
    st.none()
    | st.builds(Begun, st.lists(NAMES).map(tuple), st.booleans(), st.lists(NAMES).map(tuple)),
    st.lists(ROLLED, max_size=5).map(tuple),
)


@given(JOURNALS)
def test_a_journal_is_read_as_it_was_written(journal: Journal) -> None:
    assert decode(encode(journal)) == journal


@given(JOURNALS, st.data())
def test_a_damaged_journal_is_refused_or_read_never_a_crash(
    journal: Journal, data: st.DataObject
) -> None:
    body = bytearray(encode(journal))
    body[data.draw(st.integers(0, len(body) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    try:
        decode(bytes(body))
    except ValueError:
        return


@pytest.mark.parametrize("body", [b"", b"[]", b'{"format": "kled.io/rolls/v2"}', b"\xff", b"{}"])
def test_what_is_no_journal_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(body)


def test_only_the_newest_groups_are_kept_and_a_forced_roll_remembers_what_it_did() -> None:
    journal = Journal(Begun((), forced=True))

    for number in range(60):
        at = datetime(2026, 11, 25, tzinfo=UTC)
        journal = journal.with_rolled(Rolled(f"g{number}", "node", 1, 1.0, at))

    assert len(journal.past) == 50
    assert journal.begun is not None
    assert len(journal.begun.done) == 60
