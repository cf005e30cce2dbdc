"""How far a run over snapshots is, as a person sees it."""

import io
from concurrent.futures import ThreadPoolExecutor

from kled.cli.counting import Counts, Lines, counting


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_counts_from_many_threads_add_up() -> None:
    to = io.StringIO()
    counts = Counts(Lines(to, "snapshot", every=0))
    counts.expect(clusters=2, objects=400)

    with ThreadPoolExecutor(8) as pool:
        for _ in range(400):
            pool.submit(counts.done, objects=1, size=10_000)

    lines = to.getvalue().splitlines()
    assert len(lines) == 400
    assert lines[-1] == "snapshot: 0/2 clusters, 400/400 objects, 4.0 MB"


def test_elsewhere_than_on_a_terminal_short_work_is_silent_and_errors_are_not() -> None:
    to = io.StringIO()

    with counting(to, "snapshot") as progress:
        progress.expect(clusters=1)
        progress.done(clusters=1)
        progress.say("c.example.com: there is no such cluster")

    assert to.getvalue() == "c.example.com: there is no such cluster\n"


def test_on_a_terminal_a_bar_shows_what_is_done_and_leaves_lines_behind() -> None:
    to = Terminal()

    with counting(to, "snapshot") as progress:
        progress.expect(clusters=2)
        progress.done(clusters=1, size=2_000_000)
        progress.say("[b]c.example.com[/b]: damaged")

    assert "snapshot" in to.getvalue()
    assert "1/2 clusters, 2.0 MB" in to.getvalue()
    assert "[b]c.example.com[/b]: damaged\n" in to.getvalue()
