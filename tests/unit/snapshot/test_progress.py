"""How far a run over snapshots is, as those who look on are told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from kled.models.share import Share
from kled.snapshot.progress import Counts


def told(lines: list[str]) -> Callable[[Share], None]:
    return lambda share: lines.append(share.message)


def test_counts_from_many_threads_add_up() -> None:
    lines: list[str] = []
    counts = Counts(lines.append, told(lines), lambda: 0.0, every=0)
    counts.expect(clusters=2, objects=400)

    with ThreadPoolExecutor(8) as pool:
        for _ in range(400):
            pool.submit(counts.done, objects=1, size=10_000)

    assert len(lines) == 400
    assert lines[-1] == "0/2 clusters, 400/400 objects, 4.0 MB"


def test_short_work_is_silent_and_what_a_person_should_know_is_not() -> None:
    lines: list[str] = []
    now = iter(range(100))
    counts = Counts(lines.append, told(lines), lambda: next(now) / 10)

    counts.expect(clusters=1)
    counts.done(clusters=1)
    counts.say("c.example.com: there is no such cluster")

    assert lines == ["c.example.com: there is no such cluster"]


def test_long_work_says_how_far_it_is_every_few_seconds() -> None:
    lines: list[str] = []
    seconds = iter(range(0, 100, 2))
    counts = Counts(lines.append, told(lines), lambda: float(next(seconds)))
    counts.expect(objects=8)

    for _ in range(8):
        counts.done(objects=1)

    assert 1 < len(lines) < 8
    assert lines[0].endswith("objects, 0.0 MB")


def test_of_several_clusters_those_count_and_of_one_its_objects() -> None:
    # fault 59: a bar needs numbers, not words
    notes: list[str] = []
    shares: list[Share] = []
    fleet = Counts(notes.append, shares.append, lambda: 0.0, every=0)
    fleet.expect(clusters=3)
    fleet.expect(objects=40)
    fleet.done(objects=30, size=1_000_000)
    fleet.done(clusters=1)
    single = Counts(notes.append, shares.append, lambda: 0.0, every=0)
    single.expect(clusters=1, objects=4)
    single.done(objects=3)

    assert [(one.done, one.total) for one in shares] == [(0, 3), (1, 3), (3, 4)]
    assert shares[1].message == "1/3 clusters, 30/40 objects, 1.0 MB"
    assert [one.percent for one in shares] == [0.0, 33.3, 75.0]
