from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from kled.errors import ChecksumMismatch, DiskUnusable, InvalidInput, KopsMissing, ReleaseMissing
from kled.install.install import install
from kled.install.managed import Request
from kled.install.release import Platform
from kled.retry import Clock
from tests.unit.install.conftest import Install
from tests.unit.install.mirror import Mirror, kops_program, status

NEW = kops_program("1.36.2")


def test_an_installed_kops_is_held_against_what_is_published(
    mirror: Mirror, do_install: Install
) -> None:
    path = mirror.publish("1.36.2", NEW)
    do_install()
    mirror.asked.clear()

    verified = do_install(verify_only=True)

    assert (verified.outcome, verified.against) == ("verified", "published")
    assert verified.sha256 == sha256(NEW).hexdigest()
    assert mirror.paths() == [f"{path}.sha256"]


def test_latest_means_the_one_in_use(mirror: Mirror, do_install: Install) -> None:
    mirror.publish("1.36.2", NEW)
    mirror.publish("1.35.1", kops_program("1.35.1"))
    do_install("1.36.2")
    do_install("1.35.1")

    assert do_install("latest", verify_only=True).version == "1.35.1"


@pytest.mark.parametrize("code", [404, 503])
def test_when_the_publisher_does_not_say_the_record_counts_and_it_is_told(
    mirror: Mirror, do_install: Install, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = mirror.publish("1.36.2", NEW)
    do_install()
    mirror.faults[f"{path}.sha256"] = [status(code)] * 9

    verified = do_install(verify_only=True)

    assert verified.against == "recorded"
    assert "against the record" in caplog.text


def test_without_a_record_the_publishers_silence_is_the_error(
    mirror: Mirror, do_install: Install
) -> None:
    path = mirror.publish("1.36.2", NEW)
    do_install().path.with_name("kops.sha256").unlink()
    mirror.faults[f"{path}.sha256"] = [status(404)] * 9

    with pytest.raises(ReleaseMissing):
        do_install(verify_only=True)


def test_changed_bytes_are_found_and_left_alone(mirror: Mirror, do_install: Install) -> None:
    mirror.publish("1.36.2", NEW)
    path = do_install().path
    path.write_bytes(NEW[:-1])

    with pytest.raises(ChecksumMismatch, match="published is") as caught:
        do_install(verify_only=True)

    assert "kled kops install --version=1.36.2" in (caught.value.hint or "")
    assert path.read_bytes() == NEW[:-1]


def test_nothing_installed_is_nothing_to_verify(
    mirror: Mirror, do_install: Install, home: Path
) -> None:
    mirror.publish("1.36.2", NEW)

    with pytest.raises(KopsMissing, match="no kops is installed"):
        do_install("latest", verify_only=True)
    with pytest.raises(KopsMissing, match=r"1\.36\.2 is not installed"):
        do_install("1.36.2", verify_only=True)
    with pytest.raises(InvalidInput):
        do_install("newest", verify_only=True)

    assert mirror.asked == []
    assert not home.exists()


def test_a_place_that_cannot_be_looked_at_is_said_with_what_helps(
    mirror: Mirror, http: httpx.Client, clock: Clock, tmp_path: Path
) -> None:
    """Its error had no hint: it was of no step that knows what a directory is for."""
    home = tmp_path / ("x" * 300)
    platform = Platform("linux", "amd64")
    request = Request("1.36.2", home, platform, mirror=mirror.base, verify_only=True)

    with pytest.raises(DiskUnusable, match=r"cannot use .*: file name too long") as refused:
        install(request, http=http, clock=clock, progress=lambda _done, _total: None)

    assert "name another place" in str(refused.value.hint)
