"""How far a run over snapshots is, as those who look on are told."""

from concurrent.futures import ThreadPoolExecutor

from kled.snapshot.progress import Counts


def test_counts_from_many_threads_add_up() -> None:
    lines: list[str] = []
    counts = Counts(lines.append, lambda: 0.0, every=0)
    counts.expect(clusters=2, objects=400)

    with ThreadPoolExecutor(8) as pool:
        for _ in range(400):
            pool.submit(counts.done, objects=1, size=10_000)

    assert len(lines) == 400
    assert lines[-1] == "0/2 clusters, 400/400 objects, 4.0 MB"


def test_short_work_is_silent_and_what_a_person_should_know_is_not() -> None:
    lines: list[str] = []
    now = iter(range(100))
    counts = Counts(lines.append, lambda: next(now) / 10)

    counts.expect(clusters=1)
    counts.done(clusters=1)
    counts.say("c.example.com: there is no such cluster")

    assert lines == ["c.example.com: there is no such cluster"]


def test_long_work_says_how_far_it_is_every_few_seconds() -> None:
    lines: list[str] = []
    seconds = iter(range(0, 100, 2))
    counts = Counts(lines.append, lambda: float(next(seconds)))
    counts.expect(objects=8)

    for _ in range(8):
        counts.done(objects=1)

    assert 1 < len(lines) < 8
    assert lines[0].endswith("objects, 0.0 MB")
