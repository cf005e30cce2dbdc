"""Whose a sandbox's directory is, and taking away what the sandbox made there, and no more.

A directory is a sandbox's where `start` left its mark. It is only ever used where it is this
user's, nobody else can write in it, and neither it nor one of its own places is a symbolic link.
Every step may be killed: the mark is written first and removed last.
"""

import os
import pwd
import stat
from pathlib import Path

MARK = ".kled-sandbox"
_TEXT = "This directory is a sandbox of kled; `kled sandbox stop` removes what it made in it.\n"
FOLDERS = ("bin", "cloud", "home", "home/.ssh", "snapshots", "state")
_OWN_TREES = ("apis", "cloud", "prefect", "snapshots", "state")
_OWN_FILES = (
    "bin/kops",
    "faults.json",
    "faults.json.new",
    "faults.lock",
    "kubeconfig",
    "kubeconfig.lock",
    "sandbox.json",
)
_HALF_WRITTEN = ("bin/kops.*.new", "sandbox.json.*.new")
"""What a killed `start` leaves beside what it replaces."""
_OWN_FOLDERS = ("bin", "home")


class NotOwn(ValueError):
    """The directory is no sandbox that this user may use; the message says why."""


class AnothersDirectory(NotOwn):
    """The directory is another user's, whatever it holds: nobody but that one may look."""


def claim(directory: Path) -> None:
    """Make the directory a sandbox's: mark a new or an empty one, accept one that is marked.

    Raises `NotOwn`: it holds something else, is another user's, a link, or open to others; no file
    is changed then. Raises `OSError`: it cannot be made or written.
    """
    _refuse_name(str(directory))
    _make(directory)
    _refuse_others(directory)
    if not is_marked(directory):
        _mark(directory)
    for place in (*FOLDERS, *_OWN_TREES, *_OWN_FILES):
        if (directory / place).is_symlink():
            raise NotOwn(f"{directory / place} is a symbolic link, which no sandbox made")


def check(directory: Path) -> None:
    """Accept a sandbox's directory.

    Raises `FileNotFoundError`: there is no sandbox. Raises `NotOwn`: it is another user's
    (`AnothersDirectory`), a link, or open to others.
    """
    _refuse_anothers(directory)
    if not os.path.lexists(directory) or not is_marked(directory):
        raise FileNotFoundError(f"no sandbox in {directory}")
    _refuse_others(directory)


def is_marked(directory: Path) -> bool:
    """Tell whether `start` left its mark, of this user, in a directory; a torn one counts."""
    try:
        mark = (directory / MARK).lstat()
    except OSError:
        return False
    if not stat.S_ISREG(mark.st_mode) or mark.st_uid != os.geteuid():
        return False
    if mark.st_size > len(_TEXT):
        return False
    return _TEXT.startswith((directory / MARK).read_text(errors="replace"))


def remove(directory: Path) -> list[Path]:
    """Remove what the sandbox made; return what others put there, which stays, sorted.

    No link is followed and no other file system entered. Safe to kill and to repeat.
    """
    (directory / "bin" / "kops").unlink(missing_ok=True)  # nothing starts in it any more
    for name in _OWN_TREES:
        _remove_tree(directory / name)
    if not (directory / "home").is_symlink() and (directory / "home").is_dir():
        for entry in (directory / "home").iterdir():
            if entry.name.startswith("."):  # what programs keep at home; people's files stay
                _remove_tree(entry)
    half = [path for form in _HALF_WRITTEN for path in directory.glob(form)]
    for path in (*(directory / name for name in _OWN_FILES), *half):
        _remove_file(path)
    for name in _OWN_FOLDERS:
        _remove_empty(directory / name)
    left = sorted(entry for entry in directory.iterdir() if entry.name != MARK)
    (directory / MARK).unlink(missing_ok=True)
    _remove_empty(directory)
    return left


def _refuse_name(directory: str) -> None:
    if os.pathsep in directory:
        raise NotOwn(f"{directory} holds a {os.pathsep!r}, and no PATH could name its kops")
    try:
        directory.encode()
    except UnicodeEncodeError as error:
        raise NotOwn(f"{os.fsencode(directory)!r} is not UTF-8") from error


def _make(directory: Path) -> None:
    """Make the directory and what is missing above it, for this user alone whatever the umask."""
    if not os.path.lexists(directory):
        _make(directory.parent)
        directory.mkdir(mode=0o700, exist_ok=True)


def _mark(directory: Path) -> None:
    """Write the mark into an empty directory; another start may be doing the same just now."""
    if any(entry.name != MARK for entry in directory.iterdir()) and not is_marked(directory):
        raise NotOwn(f"{directory} is not empty and no sandbox made it")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        handle = os.open(directory / MARK, flags, 0o600)
    except FileExistsError:
        if not is_marked(directory):
            raise NotOwn(f"{directory / MARK} is no sandbox's mark") from None
        return
    with os.fdopen(handle, "w") as file:
        file.write(_TEXT)


def _refuse_others(directory: Path) -> None:
    status = directory.lstat()
    if stat.S_ISLNK(status.st_mode):
        raise NotOwn(f"{directory} is a symbolic link")
    _refuse_anothers(directory)
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise NotOwn(f"others can write in {directory}")
    above = directory.parent.stat().st_mode
    if above & stat.S_IWOTH and not above & stat.S_ISVTX:
        raise NotOwn(f"others can put another directory in the place of {directory}")


def _refuse_anothers(directory: Path) -> None:
    """Refuse what another user owns, or what lies where only another user may look."""
    place = directory
    while True:
        try:
            owner = place.lstat().st_uid
        except FileNotFoundError:
            return
        except PermissionError:
            place = place.parent
            continue
        break
    if owner != os.geteuid():
        where = directory if place == directory else f"{place}, above {directory},"
        raise AnothersDirectory(f"{where} belongs to {_user(owner)}, and this is {_user()}")


def _user(number: int | None = None) -> str:
    """Return a user's name and number; the number alone where the machine knows no name."""
    number = os.geteuid() if number is None else number
    try:
        return f"{pwd.getpwuid(number).pw_name} (user id {number})"
    except KeyError:
        return f"user id {number}"


def _remove_tree(path: Path) -> None:
    """Remove a folder and all below it that is on the same file system; a link only itself."""
    if path.is_symlink() or not path.is_dir():
        _remove_file(path)
        return
    device, folders = path.lstat().st_dev, []
    for folder, below, files in os.walk(path):
        here = Path(folder)
        folders.append(here)
        links = [name for name in below if (here / name).is_symlink()]
        for name in (*files, *links):
            (here / name).unlink(missing_ok=True)
        below[:] = [
            name for name in below if name not in links and (here / name).lstat().st_dev == device
        ]
    for emptied in reversed(folders):
        _remove_empty(emptied)


def _remove_file(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)


def _remove_empty(path: Path) -> None:
    if path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
        path.rmdir()
