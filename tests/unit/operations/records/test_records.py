"""Records are read within bounds; damage has one answer; a deletion forgets every record."""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kled.cli
import kled.operations
from kled import config
from kled.errors import DocumentDamaged, InvalidInput, NotApproved, StoreUnavailable
from kled.models.definition import Definition
from kled.models.plan import Change, Plan
from kled.models.rolled import Rolled
from kled.operations.guards.overrides import NOTHING
from kled.operations.records import (
    all_records,
    applied_definition,
    approved_plan,
    begun_deletion,
    open_restore,
    origin,
    roll_journal,
    scale_journal,
)
from kled.operations.records.applied_definition import AppliedDefinitions
from kled.operations.records.approved_plan import Approved
from kled.operations.records.open_restore import OpenRestore
from kled.operations.records.origin import Origin
from kled.operations.records.record import Record
from kled.operations.records.roll_journal import Journal, KeptJournal, OpenRoll
from kled.operations.records.scale_journal import OpenScaleDown
from kled.operations.session import Session, Who
from kled.operations.stores import Stores
from kled.retry import Clock
from kled.storage.memory import MemoryStore

C = "c.example.com"
PLAN = Plan(C, (Change("modify", "LaunchTemplate", "nodes", {"InstanceType": "a -> b"}),))
V1 = "kled.io/applied-definition/v1"
VALUES: dict[Record[Any], Any] = {
    applied_definition.RECORD: AppliedDefinitions({"config": "0a"}, {"config": "0c"}),
    approved_plan.RECORD: PLAN,
    begun_deletion.RECORD: Definition(
        {"kind": "Cluster", "metadata": {"name": C}, "spec": {"cloudProvider": "aws"}},
        ({"kind": "InstanceGroup", "metadata": {"name": "nodes"}},),
    ),
    roll_journal.RECORD: Journal(
        OpenRoll(("node-1",), forced=True, done=("nodes",)),
        (Rolled("nodes", "node", 3, 61.5, datetime(2026, 11, 1, 9, tzinfo=UTC)),),
    ),
    scale_journal.RECORD: OpenScaleDown("nodes", ("AZRebalance",), 1, 3, ("node-1",), ("i-1",)),
    origin.RECORD: Origin("s3://first"),
    open_restore.RECORD: OpenRestore(
        C,
        "20261125T034149Z-a1b2c3d4",
        "20261126T034149Z-a1b2c3d4",
        by_latest=True,
        aside=("20261126T034149Z-a1b2c3d4",),
        classes=("intent",),
        digest="0123",
        plan=("4567", "s3://state", f"{C}/", [["config", "89ab", None]], []),
    ),
}
RECORDS = [pytest.param(record, id=record.name) for record in all_records.ALL]
DROPPABLE = {record.name: record.name in ("applied", "updates", "rolls") for record in VALUES}
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("../../../x"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@dataclass
class Here:
    """A session on a state store in memory; remembers what it was told."""

    store: MemoryStore = field(default_factory=lambda: MemoryStore(name="state"))
    notes: list[str] = field(default_factory=list)

    @property
    def session(self) -> Session:
        settings = config.load({"HOME": "/nowhere", "KOPS_STATE_STORE": "s3://state"})
        clock, who = Clock(lambda: 0.0, lambda _: None), Who("t", "a run", timedelta(0))
        stores = Stores(settings, clock, open_store=lambda _location, *, env, clock: self.store)
        return Session(
            settings,
            None,
            clock,
            who,
            None,
            overrides=NOTHING,
            note=self.notes.append,
            stores=stores,
        )

    def put(self, record: Record[Any], body: bytes, cluster: str = C) -> None:
        self.store.put(f".kled/{record.name}/{cluster}.json", body)


@pytest.fixture
def here() -> Here:
    return Here()


def test_every_record_is_in_the_list_that_a_deletion_goes_through() -> None:
    modules = [
        importlib.import_module(module.name)
        for package in (kled.operations, kled.cli)
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]
    defined = {
        id(value)
        for module in modules
        for value in vars(module).values()
        if isinstance(value, Record)
    }

    assert defined == {id(record) for record in all_records.ALL}
    assert len({record.name for record in all_records.ALL}) == len(all_records.ALL)
    assert all_records.ALL[-1] is begun_deletion.RECORD


def test_nothing_but_records_writes_beside_the_state_from_an_operation() -> None:
    root = Path(kled.operations.__path__[0])

    naming = {
        path.name
        for path in root.rglob("*.py")
        if path.parent.name != "checks" and re.search(r'"\.kled/', path.read_text())
    }

    assert naming == {"record.py"}


def test_a_deletion_forgets_every_record_of_its_cluster(here: Here) -> None:
    for record, value in VALUES.items():
        record.write(here.session, C, value)
        record.write(here.session, "other.example.com", replace_name(value))

    all_records.forget_all(here.session, C)

    left = {entry.key for entry in here.store.entries()}
    assert left == {f".kled/{name}/other.example.com.json" for name in DROPPABLE}


def test_a_deletion_that_is_killed_while_it_forgets_is_still_known_to_be_open() -> None:
    class Failing(MemoryStore):
        def delete(self, key: str) -> None:
            if "/scales/" in key:
                raise StoreUnavailable("the store does not answer")
            super().delete(key)

    here = Here(Failing(name="state"))
    for record, value in VALUES.items():
        record.write(here.session, C, value)

    with pytest.raises(StoreUnavailable):
        all_records.forget_all(here.session, C)

    assert begun_deletion.read(here.session, C) is not None


def replace_name(value: Any) -> Any:
    other = "other.example.com"
    if isinstance(value, Plan):
        return replace(value, cluster=other)
    if isinstance(value, Definition):
        return replace(value, cluster={**value.cluster, "metadata": {"name": other}})
    return value


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_is_read_as_it_was_written_and_forgotten(record: Record[Any], here: Here) -> None:
    assert record.read(here.session, C) is None

    record.write(here.session, C, VALUES[record])
    assert record.read(here.session, C) == VALUES[record]

    record.forget(here.session, C)
    record.forget(here.session, C)
    assert record.read(here.session, C) is None
    assert here.notes == []


YESTERDAYS = {
    "applied": f'{{"format": "{V1}", "last": {{"config": "0a"}}, "before": {{"config": "0c"}}}}',
    "origins": '{"format": "kled.io/origin/v1", "state_store": "s3://first"}',
    "updates": json.dumps(
        {"format": "kled.io/approved-plan/v1", "plan": PLAN.as_json()}, sort_keys=True
    ),
    "deletions": '{"cluster": {"kind": "Cluster", "metadata": {"name": "c.example.com"}, "spec":'
    ' {"cloudProvider": "aws"}}, "format": "kled.io/begun-deletion/v1", "groups": [{"kind":'
    ' "InstanceGroup", "metadata": {"name": "nodes"}}]}',
    "rolls": '{\n "format": "kled.io/rolls/v1",\n "begun": {\n  "cordoned": [\n   "node-1"\n  ],\n'
    '  "forced": true,\n  "done": [\n   "nodes"\n  ]\n },\n "past": [\n  {\n   "instance_group":'
    ' "nodes",\n   "role": "node",\n   "machines": 3,\n   "seconds": 61.5,\n   "at":'
    ' "2026-11-01T09:00:00+00:00"\n  }\n ]\n}\n',
    "scales": '{\n "format": "kled.io/scale/v1",\n "instance_group": "nodes",\n "suspended": [\n'
    '  "AZRebalance"\n ],\n "minimum": 1,\n "maximum": 3,\n "chosen": [\n  "node-1"\n ],\n'
    ' "ended": [\n  "i-1"\n ]\n}\n',
    "restores": '{"format": "kled.io/restore/v1", "of": "c.example.com", "snapshot":'
    ' "20261125T034149Z-a1b2c3d4", "before": "20261126T034149Z-a1b2c3d4", "by_latest": true,'
    ' "aside": ["20261126T034149Z-a1b2c3d4"],'
    ' "classes": ["intent"], "digest": "0123", "plan": ["4567", "s3://state", "c.example.com/",'
    ' [["config", "89ab", null]], []], "state": "begun"}',
}
"""As kled wrote them; but for the restores before there were records."""


@pytest.mark.parametrize("record", RECORDS)
def test_yesterdays_documents_are_read(record: Record[Any], here: Here) -> None:
    here.put(record, YESTERDAYS[record.name].encode())

    assert record.read(here.session, C) == VALUES[record]


DAMAGED = {
    "empty": b"",
    "no object": b"[]",
    "no format": b"{}",
    "not UTF-8": b"\xff\xfe",
    "cut off": b'{"format": ',
    "deep": b'{"format":' + b"[" * 200_000,
    "infinite": b'{"format": Infinity}',
    "overflowing": b'{"format": 1e999}',
    "doubled": b'{"format": "a", "format": "b"}',
    "half a surrogate": b'{"format": "\\ud800"}',
    "too large": b" " * 5_000_000,
}


@pytest.mark.parametrize("damage", DAMAGED)
@pytest.mark.parametrize("record", RECORDS)
def test_damage_has_one_answer(record: Record[Any], damage: str, here: Here) -> None:  # fault 84
    """Comfort is dropped and said; everything else stops, names the object and what to do."""
    here.put(record, DAMAGED[damage])
    url = f"memory://state/.kled/{record.name}/{C}.json"
    assert record.droppable == DROPPABLE[record.name]

    if record.droppable:
        assert record.read(here.session, C) is None
        (note,) = here.notes
        assert note.startswith(f"{url} is damaged: ")
        assert "it is passed over: " in note
        return
    with pytest.raises(DocumentDamaged) as refused:
        record.read(here.session, C)
    assert refused.value.message.startswith(f"{url} is damaged: ")
    assert url in (refused.value.hint or "")
    assert C in (refused.value.hint or "")


@pytest.mark.parametrize("record", RECORDS)
def test_what_a_newer_kled_wrote_is_not_guessed_at(record: Record[Any], here: Here) -> None:
    document = json.loads(YESTERDAYS[record.name]) | {"format": "kled.io/next/v2"}

    with pytest.raises(DocumentDamaged, match=r"kled\.io/next/v2") as refused:
        record.decode(json.dumps(document).encode(), C, "it")

    assert refused.value.hint == "a newer kled wrote it: upgrade this one"


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values in a document."""
    yield path
    children = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for name, child in children:
        yield from places(child, (*path, name))


def put_in(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The document with another value at a path."""
    if not path:
        return new
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[path[0]] = put_in(value[path[0]], path[1:], new)
    return copied


@pytest.mark.parametrize("record", RECORDS)
@given(data=st.data())
def test_whatever_type_a_field_has_no_other_error_escapes(
    record: Record[Any], data: st.DataObject
) -> None:  # fault 84
    document = json.loads(YESTERDAYS[record.name])
    path = data.draw(st.sampled_from(list(places(document))))
    damaged = put_in(document, path, data.draw(ANYTHING))

    with suppress(DocumentDamaged):
        record.encode(record.decode(json.dumps(damaged).encode(), C, "it"))


@pytest.mark.parametrize("record", RECORDS)
@given(data=st.data())
def test_whatever_bit_is_damaged_no_other_error_escapes(
    record: Record[Any], data: st.DataObject
) -> None:
    body = bytearray(YESTERDAYS[record.name].encode())
    body[data.draw(st.integers(0, len(body) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    with suppress(DocumentDamaged):
        record.encode(record.decode(bytes(body), C, "it"))


@pytest.mark.parametrize("name", ["../../x", "a/../b", "a/b", "", "a\nb", "a\0"])
@pytest.mark.parametrize("record", RECORDS)
def test_a_name_that_could_leave_its_place_is_refused(
    record: Record[Any], name: str, here: Here
) -> None:  # fault 84
    for use in (record.read, record.forget):
        with pytest.raises(InvalidInput):
            use(here.session, name)
    with pytest.raises(InvalidInput):
        record.write(here.session, name, VALUES[record])


@pytest.mark.parametrize("record", [approved_plan.RECORD, begun_deletion.RECORD])
def test_another_clusters_document_is_none_of_this_one(record: Record[Any], here: Here) -> None:
    """Copied or moved by hand: a proof would look for another cluster's resources."""
    with pytest.raises(DocumentDamaged, match="of another cluster"):
        record.decode(YESTERDAYS[record.name].encode(), "other.example.com", "it")


def test_what_could_not_be_read_again_is_not_written(here: Here) -> None:
    long = "x" * 5_000_000
    scale_down = replace(VALUES[scale_journal.RECORD], suspended=(long,))
    approved_plan.RECORD.write(here.session, C, PLAN)
    plan = Plan(C, (Change("create", long, "a"),))

    with pytest.raises(DocumentDamaged, match="as it would be"):
        scale_journal.write(here.session, C, scale_down)
    approved_plan.RECORD.write(here.session, C, plan)

    assert list(here.store.entries()) == []
    (note,) = here.notes
    assert "it is left out: an approval counts for a whole plan alone" in note


def test_a_damaged_approval_does_not_widen_what_was_approved(here: Here) -> None:
    """The rest of an approved plan is refused then, as any other plan is."""
    whole = Plan(C, (*PLAN.changes, Change("delete", "Volume", "v", {"id": "vol-1"})))
    approved = Approved(whole.digest)
    approved_plan.write(here.session, whole, approved)
    assert approved_plan.require(here.session, PLAN, approved).startswith("the rest of")
    stored = json.loads(here.store.get(f".kled/updates/{C}.json").body)
    stored["plan"]["changes"].append(Change("delete", "Volume", "w", {"id": "vol-2"}).as_json())

    here.put(approved_plan.RECORD, json.dumps(stored).encode())

    with pytest.raises(NotApproved):
        approved_plan.require(here.session, PLAN, approved)
    assert "the digest of its plan is not that of the changes" in here.notes[0]


def test_a_damaged_journal_of_a_scale_down_is_not_taken_for_none(here: Here) -> None:
    document = json.loads(YESTERDAYS["scales"]) | {"maximum": "3"}
    here.put(scale_journal.RECORD, json.dumps(document).encode())

    with pytest.raises(DocumentDamaged, match="its field maximum is text") as refused:
        scale_journal.read(here.session, C)

    assert "kled kops edit-instance-group" in (refused.value.hint or "")


def test_a_roll_knows_whose_cordons_it_leaves_though_its_journal_is_damaged_meanwhile(
    here: Here,
) -> None:
    journal = VALUES[roll_journal.RECORD]
    roll_journal.RECORD.write(here.session, C, journal)
    kept = KeptJournal(here.session, C)

    here.put(roll_journal.RECORD, b"damaged")

    assert kept.journal == journal
    kept.write(replace(journal, begun=None))
    assert roll_journal.read(here.session, C) == kept.journal == replace(journal, begun=None)


def test_a_damaged_journal_of_rolls_says_what_is_lost(here: Here) -> None:
    here.put(roll_journal.RECORD, b"damaged")

    assert roll_journal.read(here.session, C) == Journal()
    assert "nodes that it had cordoned stay cordoned" in here.notes[0]
