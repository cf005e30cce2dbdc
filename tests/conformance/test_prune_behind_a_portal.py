"""A prune and a run whose listings something else answered: nothing goes, nothing is green.

Fault 79, end to end: every etcd backup was deleted with exit status 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from kled.errors import KledError
from kled.snapshot.progress import Quiet
from kled.snapshot.retention import prune
from kled.snapshot.retention.retention import RetentionPolicy
from kled.storage.base import ObjectStore
from tests.conformance import places
from tests.conformance.changing_proxy import changing
from tests.stores import keys
from tests.unit.snapshot.fleets import Runs, name, state
from tests.unit.storage.answering import Answer, Asked

if TYPE_CHECKING:
    from collections.abc import Iterator


XHTML = b"<html><head><title>Sign in</title></head><body/></html>"
EMPTY = (
    b"<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>0</KeyCount></ListBucketResult>"
)
CUT = b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"
Lie = Callable[[Answer], Answer]


@dataclass
class Kept:
    """A snapshot store, as it is and as the network shows it."""

    true: ObjectStore
    shown: ObjectStore
    lies: dict[str, Lie] = field(default_factory=dict)
    """What becomes of listings whose address holds the words."""


@pytest.fixture
def kept(request: pytest.FixtureRequest) -> Iterator[Kept]:
    place = places.made("s3", request)
    lies: dict[str, Lie] = {}

    def change(asked: Asked, answer: Answer) -> Answer:
        listing = asked.method == "GET" and "list-type=2" in asked.path
        for words, lie in lies.items():
            if listing and words in asked.path:
                return lie(answer)
        return answer

    with changing(place.env["AWS_ENDPOINT_URL"], change) as server:
        behind = replace(place, env={**place.env, "AWS_ENDPOINT_URL": server.url})
        yield Kept(place.open(), behind.open(), lies)


def body(wanted: bytes) -> Lie:
    return lambda answer: Answer(200, wanted, answer.headers)


@pytest.mark.parametrize(
    "wanted", [XHTML, EMPTY, CUT, b""], ids=["portal", "empty", "cut", "nothing"]
)
def test_a_prune_that_does_not_see_the_manifests_deletes_no_blob(kept: Kept, wanted: bytes) -> None:
    runs = Runs(state(2), kept.true)
    runs.run().require()
    before = keys(kept.true)
    blobs = [key for key in before if key.startswith("blobs/")]
    runs.later = timedelta(days=400)  # so that no grace holds anything
    kept.lies["prefix=clusters"] = body(wanted)
    behind = runs.snapshots.at(kept.shown)

    with pytest.raises(KledError):
        plan = prune.plan_prune(behind, RetentionPolicy())
        prune.apply_prune(behind, plan, Quiet())

    left = keys(kept.true)
    assert [key for key in left if key.startswith("blobs/")] == blobs != []
    assert [key for key in left if key.startswith("clusters/")] == [
        key for key in before if key.startswith("clusters/")
    ]


@pytest.mark.parametrize("wanted", [XHTML, CUT, b""], ids=["portal", "cut", "nothing"])
def test_a_run_that_does_not_see_the_state_store_is_no_run_over_no_clusters(
    kept: Kept, wanted: bytes
) -> None:
    two = state(2)
    for entry in two.entries():
        kept.true.put(entry.key, two.get(entry.key).body)
    runs = Runs(kept.shown, state(0))
    assert len(runs.run().require().clusters) == 2
    kept.lies["list-type=2"] = body(wanted)

    with pytest.raises(KledError):
        runs.run().require()


def test_what_the_network_shows_as_it_is_is_pruned(kept: Kept) -> None:
    runs = Runs(state(2), kept.true)
    runs.run().require()
    behind = runs.snapshots.at(kept.shown)

    report = prune.apply_prune(behind, prune.plan_prune(behind, RetentionPolicy()), Quiet())

    assert report.removed == ()
    assert any(key.startswith(f"clusters/{name(0)}/") for key in keys(kept.true))
