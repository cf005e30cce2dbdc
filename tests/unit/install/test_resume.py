"""Downloads that break off, on servers that lie, refuse and fall silent."""

import json
from pathlib import Path

import httpx
import pytest

from kled.errors import ChecksumMismatch, DeadlineExceeded, DownloadFailed, KledError
from kled.install.download import DownloadPace, download
from kled.install.install import DOWNLOAD
from kled.install.published import Published
from kled.retry import Clock
from tests.unit.install.conftest import Install
from tests.unit.install.mirror import (
    Fault,
    Mirror,
    breaks_off,
    kops_program,
    short_part,
    stalls,
    status,
    whole,
    wrong_part,
)

NEW = kops_program("1.36.2")


def _partial(home: Path) -> Path:
    return home / "kops" / ".partial" / "kops-1.36.2"


def _ranges(mirror: Mirror, path: str) -> list[str | None]:
    return [one.range for one in mirror.asked if one.path == path]


def test_a_transfer_that_breaks_off_goes_on_where_it_stopped(
    mirror: Mirror, do_install: Install
) -> None:
    path = mirror.publish("1.36.2", NEW)
    mirror.faults[path] = [breaks_off(100_000), breaks_off(50_000)]
    seen: list[int] = []

    installed = do_install(progress=lambda done, total: seen.append(done))

    assert installed.path.read_bytes() == NEW
    assert _ranges(mirror, path) == [None, "bytes=100000-", "bytes=150000-"]
    assert [one.if_range is not None for one in mirror.asked if one.path == path] == [0, 1, 1]
    assert seen == sorted(seen)


def test_a_later_run_goes_on_with_what_an_earlier_one_left(
    mirror: Mirror, do_install: Install, home: Path
) -> None:
    path = mirror.publish("1.36.2", NEW)
    mirror.faults[path] = [breaks_off(100_000), *[status(503)] * (DOWNLOAD.attempts - 1)]
    with pytest.raises(DownloadFailed, match="503"):
        do_install()
    assert _partial(home).stat().st_size == 100_000
    mirror.asked.clear()

    assert do_install().outcome == "installed"

    assert _ranges(mirror, path) == ["bytes=100000-"]


def test_a_download_that_was_whole_but_not_yet_in_place_is_used(
    mirror: Mirror, do_install: Install, home: Path
) -> None:
    path = mirror.publish("1.36.2", NEW)
    mirror.faults[path] = [breaks_off(100_000), *[status(503)] * (DOWNLOAD.attempts - 1)]
    with pytest.raises(DownloadFailed):
        do_install()
    _partial(home).write_bytes(NEW)
    mirror.asked.clear()

    assert do_install().path.read_bytes() == NEW

    assert _ranges(mirror, path) == [f"bytes={len(NEW)}-"]


@pytest.mark.parametrize("length", [100_000, len(NEW), len(NEW) + 7])
def test_a_wrong_partial_file_is_thrown_away_once_and_fetched_anew(
    mirror: Mirror, do_install: Install, home: Path, length: int
) -> None:
    path = mirror.publish("1.36.2", NEW)
    mirror.faults[path] = [breaks_off(100_000), *[status(503)] * (DOWNLOAD.attempts - 1)]
    with pytest.raises(DownloadFailed):
        do_install()
    _partial(home).write_bytes(b"?" * length)
    mirror.asked.clear()

    assert do_install().path.read_bytes() == NEW

    assert _ranges(mirror, path) == [f"bytes={length}-", None]


def test_when_the_second_copy_is_wrong_too_it_gives_up(
    mirror: Mirror, do_install: Install, home: Path
) -> None:
    path = mirror.publish("1.36.2", NEW)
    mirror.files[path] = b"?" * len(NEW)
    mirror.faults[path] = [breaks_off(100_000)]

    with pytest.raises(ChecksumMismatch, match="has the sha256"):
        do_install()

    assert _ranges(mirror, path) == [None, "bytes=100000-", None]
    assert not _partial(home).exists()


def test_a_second_copy_in_pieces_that_do_not_fit_is_given_up_too(
    mirror: Mirror, do_install: Install, home: Path
) -> None:
    path = mirror.publish("1.36.2", NEW)
    mirror.files[path] = b"?" * len(NEW)

    def serve(handler: object, body: bytes) -> None:
        handler.serve(body)  # type: ignore[attr-defined]

    mirror.faults[path] = [breaks_off(100_000), serve, breaks_off(100_000), serve]

    with pytest.raises(ChecksumMismatch, match="never came together"):
        do_install()

    assert not _partial(home).exists()


def test_a_file_that_changed_on_the_server_starts_anew(mirror: Mirror, do_install: Install) -> None:
    path = mirror.publish("1.36.2", NEW)
    mirror.faults[path] = [breaks_off(100_000, etag='"of another upload"')]

    assert do_install().path.read_bytes() == NEW

    assert [one.if_range for one in mirror.asked if one.path == path] == [
        None,
        '"of another upload"',
    ]


def test_a_weak_entity_tag_is_not_used_for_if_range(mirror: Mirror, do_install: Install) -> None:
    path = mirror.publish("1.36.2", NEW)
    mirror.faults[path] = [breaks_off(100_000, etag='W/"weak"')]

    assert do_install().path.read_bytes() == NEW

    assert [(one.range, one.if_range) for one in mirror.asked if one.path == path] == [
        (None, None),
        ("bytes=100000-", None),
    ]


@pytest.mark.parametrize("fault", [whole, wrong_part, short_part])
def test_a_server_that_answers_another_part_than_was_asked_for_does_no_harm(
    mirror: Mirror, do_install: Install, fault: Fault
) -> None:
    path = mirror.publish("1.36.2", NEW)
    mirror.faults[path] = [breaks_off(100_000), fault]

    assert do_install().path.read_bytes() == NEW


@pytest.mark.parametrize("note", [None, "{", '"text"', json.dumps({"sha256": "of another"})])
def test_a_partial_file_of_unknown_origin_is_not_added_to(
    mirror: Mirror, do_install: Install, home: Path, note: str | None
) -> None:
    path = mirror.publish("1.36.2", NEW)
    _partial(home).parent.mkdir(parents=True)
    _partial(home).write_bytes(NEW[:1000])
    if note is not None:
        _partial(home).with_name("kops-1.36.2.json").write_text(note)

    assert do_install().path.read_bytes() == NEW

    assert _ranges(mirror, path) == [None]


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504])
def test_an_answer_that_may_pass_is_asked_for_again(
    mirror: Mirror, do_install: Install, code: int
) -> None:
    path = mirror.publish("1.36.2", NEW)
    mirror.faults[path] = [status(code)]
    mirror.faults[f"{path}.sha256"] = [status(code)]

    assert do_install().outcome == "installed"

    assert len(mirror.asked) == 4


@pytest.mark.parametrize("code", [400, 401, 451])
def test_a_refusal_for_good_is_asked_for_once(
    mirror: Mirror, do_install: Install, code: int
) -> None:
    path = mirror.publish("1.36.2", NEW)
    mirror.faults[f"{path}.sha256"] = [status(code)] * 9

    with pytest.raises(KledError, match=str(code)) as caught:
        do_install()

    assert not caught.value.retryable
    assert "KLED_KOPS_MIRROR" in (caught.value.hint or "")
    assert len(mirror.asked) == 1


def test_a_server_that_falls_silent_is_asked_for_the_rest(
    mirror: Mirror, do_install: Install
) -> None:
    path = mirror.publish("1.36.2", NEW)
    mirror.faults[path] = [stalls(100_000, 0.5)]

    assert do_install().path.read_bytes() == NEW

    assert _ranges(mirror, path) == [None, "bytes=100000-"]


def _wanted(mirror: Mirror) -> Published:
    return Published(mirror.base + mirror.publish("1.36.2", NEW), "0" * 64)


def _clock(step: float) -> Clock:
    """Each look at the clock takes `step` seconds."""
    ticks = iter(range(10_000))
    return Clock(lambda: next(ticks) * step, lambda seconds: None)


def test_a_trickle_counts_as_broken_off(mirror: Mirror, http: httpx.Client, tmp_path: Path) -> None:
    pace = DownloadPace(_clock(step=1000.0), ends=1e9)

    with pytest.raises(DownloadFailed, match="all but stopped"):
        download(
            http, _wanted(mirror), tmp_path / "p", pace=pace, progress=lambda done, total: None
        )


def test_a_steady_pace_goes_on_and_the_deadline_ends_it() -> None:
    pace = DownloadPace(_clock(step=20.0), ends=100.0)

    for _ in range(4):
        pace.received(1_000_000)
    with pytest.raises(DeadlineExceeded, match="too long") as caught:
        pace.received(1_000_000)

    assert "goes on where it stopped" in (caught.value.hint or "")
