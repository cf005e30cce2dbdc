import os
import stat
import subprocess
import threading
from hashlib import sha256
from pathlib import Path

import pytest

from kled.errors import ChecksumMismatch, InvalidInput, ReleaseMissing
from kled.install.locate import locate
from tests.unit.install.conftest import Install
from tests.unit.install.mirror import Mirror, kops_program, page, whole

OLD, NEW = kops_program("1.35.1"), kops_program("1.36.2")


def _says(home: Path) -> str:
    """Run the kops that kled would drive."""
    program = locate(explicit=None, home=home, search_path="")
    done = subprocess.run([program.path, "version"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_release_is_installed_executable_and_in_use(
    mirror: Mirror, do_install: Install, home: Path
) -> None:
    mirror.publish("1.36.2", NEW)

    installed = do_install("v1.36.2")

    path = home / "kops" / "1.36.2" / "kops"
    digest = sha256(NEW).hexdigest()
    assert installed.as_json() == {
        "version": "1.36.2",
        "path": str(path),
        "sha256": digest,
        "outcome": "installed",
        "against": "published",
        "replaced": None,
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert _says(home) == "Client version: 1.36.2"
    assert (home / "kops" / "1.36.2" / "kops.sha256").read_text() == f"{digest}  kops\n"
    assert list((home / "kops" / ".partial").iterdir()) == []


def test_progress_rises_from_nothing_to_the_whole(mirror: Mirror, do_install: Install) -> None:
    mirror.publish("1.36.2", NEW)
    seen: list[tuple[int, int | None]] = []

    do_install(progress=lambda done, total: seen.append((done, total)))

    assert seen[0] == (0, len(NEW))
    assert seen[-1] == (len(NEW), len(NEW))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_what_is_installed_already_needs_no_network(
    mirror: Mirror, do_install: Install, home: Path
) -> None:
    mirror.publish("1.36.2", NEW)
    do_install()
    mirror.asked.clear()

    again = do_install()

    assert (again.outcome, again.against, again.replaced) == (
        "already installed",
        "recorded",
        None,
    )
    assert mirror.asked == []


def test_versions_lie_side_by_side_and_switching_back_downloads_nothing(
    mirror: Mirror, do_install: Install, home: Path
) -> None:
    mirror.publish("1.35.1", OLD)
    mirror.publish("1.36.2", NEW)
    do_install("1.35.1")

    forward = do_install("1.36.2")
    assert (forward.replaced, _says(home)) == ("1.35.1", "Client version: 1.36.2")
    mirror.asked.clear()
    back = do_install("1.35.1")

    assert (back.outcome, back.replaced) == ("already installed", "1.36.2")
    assert _says(home) == "Client version: 1.35.1"
    assert mirror.asked == []


@pytest.mark.parametrize("damage", ["bytes", "mode", "record", "gone"])
def test_a_damaged_installation_is_replaced(
    mirror: Mirror, do_install: Install, home: Path, damage: str
) -> None:
    mirror.publish("1.36.2", NEW)
    path = do_install().path
    if damage == "bytes":
        path.write_bytes(NEW[:-1])
    elif damage == "mode":
        path.chmod(0o644)
    elif damage == "record":
        path.with_name("kops.sha256").write_bytes(b"\xff\xfe nonsense")
    else:
        path.unlink()

    again = do_install()

    assert again.outcome == "installed"
    assert path.read_bytes() == NEW
    assert os.access(path, os.X_OK)


def test_a_file_that_is_not_the_published_one_is_never_installed_nor_fetched_twice(
    mirror: Mirror, do_install: Install, home: Path
) -> None:
    mirror.publish("1.35.1", OLD)
    do_install("1.35.1")
    path = mirror.publish("1.36.2", NEW)
    mirror.files[path] = NEW[:-2] + b"!\n"

    with pytest.raises(ChecksumMismatch, match=r"kops-linux-amd64 has the sha256") as caught:
        do_install()

    assert not caught.value.retryable
    assert mirror.paths("kops-linux-amd64").count(path) == 1
    assert not (home / "kops" / "1.36.2").exists()
    assert list((home / "kops" / ".partial").iterdir()) == []
    assert _says(home) == "Client version: 1.35.1"


def test_a_login_page_in_place_of_the_digest_installs_nothing(
    mirror: Mirror, do_install: Install, home: Path
) -> None:
    path = mirror.publish("1.36.2", NEW)
    mirror.faults[f"{path}.sha256"] = [page("<html>please log in</html>")]

    with pytest.raises(ChecksumMismatch, match="holds no sha256 digest"):
        do_install()

    assert path not in mirror.paths()


def test_a_release_that_is_not_published_says_what_was_asked_for(
    mirror: Mirror, do_install: Install
) -> None:
    with pytest.raises(ReleaseMissing, match=r"kops 9\.9\.9 for linux/amd64") as caught:
        do_install("9.9.9")

    hint = caught.value.hint or ""
    assert "404" in hint
    assert "1.37.0-beta.1" in hint
    assert len(mirror.asked) == 2  # both layouts, once each


def test_a_digest_without_its_executable_is_a_release_that_is_missing(
    mirror: Mirror, do_install: Install
) -> None:
    del mirror.files[mirror.publish("1.36.2", NEW)]

    with pytest.raises(ReleaseMissing, match="404"):
        do_install()


def test_a_static_tree_in_the_layout_of_artifacts_serves_as_well(
    mirror: Mirror, do_install: Install, home: Path
) -> None:
    mirror.files["/tree/1.36.2/linux/amd64/kops"] = NEW
    digest = sha256(NEW).hexdigest()
    mirror.files["/tree/1.36.2/linux/amd64/kops.sha256"] = f"{digest}  kops\n".encode()

    do_install("1.36.2", base=f"{mirror.base}/tree/")

    assert _says(home) == "Client version: 1.36.2"


def test_a_bad_version_is_refused_before_anything_is_asked_or_written(
    mirror: Mirror, do_install: Install, home: Path
) -> None:
    with pytest.raises(InvalidInput, match="'newest' is not a kops version"):
        do_install("newest")

    assert mirror.asked == []
    assert not home.exists()


def test_the_credentials_in_the_mirror_address_are_sent_and_never_shown(
    mirror: Mirror, do_install: Install
) -> None:
    base = mirror.base.replace("http://", "http://me:geheim@")
    mirror.publish("1.36.2", NEW[:-1])
    mirror.files["/releases/download/v1.36.2/kops-linux-amd64"] = NEW

    with pytest.raises(ChecksumMismatch) as caught:
        do_install(base=base)

    assert all((one.authorization or "").startswith("Basic ") for one in mirror.asked)
    assert "geheim" not in f"{caught.value} {caught.value.hint}"


def test_two_installations_at_once_download_once(
    mirror: Mirror, do_install: Install, home: Path
) -> None:
    path = mirror.publish("1.36.2", NEW)
    outcomes: list[str] = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(do_install().outcome)) for _ in range(4)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["already installed"] * 3 + ["installed"]
    assert mirror.paths().count(path) == 1
    assert _says(home) == "Client version: 1.36.2"


def test_a_prerelease_is_installed_when_it_is_named(
    mirror: Mirror, do_install: Install, home: Path
) -> None:
    mirror.publish("1.37.0-beta.1", kops_program("1.37.0-beta.1"))

    assert do_install("1.37.0-beta.1").version == "1.37.0-beta.1"
    assert _says(home) == "Client version: 1.37.0-beta.1"


def test_a_finished_installation_leaves_no_half_download_of_another_version(
    mirror: Mirror, do_install: Install, home: Path
) -> None:
    mirror.publish("1.36.2", NEW)
    left = home / "kops" / ".partial" / "kops-1.36.1"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")

    do_install()

    assert not left.exists()


def test_a_server_that_never_heard_of_ranges_is_enough(
    mirror: Mirror, do_install: Install, home: Path
) -> None:
    path = mirror.publish("1.36.2", NEW)
    mirror.faults[path] = [whole]

    assert do_install().outcome == "installed"
