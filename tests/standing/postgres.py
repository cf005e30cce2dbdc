"""A PostgreSQL of its own for a test; its server refuses to run as root, so it never does."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.standing.servers import eventually, free_port

_NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")


def programs() -> Path | None:
    """Return where `initdb` and `postgres` are: on the path, or where Debian puts them."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    initdb = shutil.which("initdb") or next((str(one / "initdb") for one in debian), None)
    return Path(initdb).resolve().parent if initdb else None


@contextmanager
def postgres(where: Path) -> Iterator[str]:
    """Yield the address of a new, empty database of the PostgreSQL in `where`."""
    directory = Path(tempfile.mkdtemp(prefix="kled-postgres-"))
    drop: tuple[str, ...] = ()
    if os.geteuid() == 0:
        drop = _NOBODY
        shutil.chown(directory, "nobody", "nogroup")
    data, port = directory / "data", free_port()
    create = [*drop, str(where / "initdb"), "-D", str(data), "-U", "prefect", "-A", "trust", "-N"]
    subprocess.run(create, check=True, capture_output=True, cwd=directory)
    serve = [*drop, str(where / "postgres"), "-D", str(data), "-p", str(port), "-k", str(directory)]
    with (directory / "log").open("wb") as log:
        quick = ("-c", "listen_addresses=127.0.0.1", "-c", "fsync=off")
        process = subprocess.Popen([*serve, *quick], stdout=log, stderr=log, cwd=directory)
    try:
        eventually(lambda: _ready(process, directory / "log"))
        yield f"postgresql+asyncpg://prefect@127.0.0.1:{port}/postgres"
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(directory)


def _ready(process: "subprocess.Popen[bytes]", log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    return "ready to accept connections" in log.read_text()
