"""The walk of the README, typed in a shell where everything leads to something real (29, 96)."""

import os
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.boxes import measured

README = Path(__file__).parents[2] / "README.md"
pytestmark = pytest.mark.slow


class Listener:
    """Counts who connects to what stands for the world."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()

    def close(self) -> None:
        self._socket.close()


def walk(box: Path) -> str:
    block = re.search(
        r"kled sandbox start --dir=/tmp/box\n.*?(?=```)", README.read_text(), re.DOTALL
    )
    assert block is not None
    before_the_end = block[0].replace("kled sandbox stop", "kled deploy\nkled sandbox stop")
    return before_the_end.replace("/tmp/box", str(box))


def test_the_walk_touches_nothing_real(tmp_path: Path) -> None:  # faults 29, 96
    world, real = Listener(), tmp_path / "real"
    for name in ("state", "snapshots", "kled", "home", "prefect", "config/kled"):
        (real / name).mkdir(parents=True)
    (real / "config" / "kled" / "config.toml").write_text('protected = ["*"]\n')
    named = dict.fromkeys(
        ("PREFECT_API_URL", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY",
         "AWS_ENDPOINT_URL", "S3_ENDPOINT", "STORAGE_EMULATOR_HOST", "DOCKER_HOST"),
        world.url,
    )  # fmt: skip
    env = named | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
        "HOME": str(real / "home"),
        "KLED_STATE_STORE": f"file://{real}/state",
        "KOPS_STATE_STORE": f"file://{real}/state",
        "KLED_SNAPSHOT_STORE": f"file://{real}/snapshots",
        "KLED_HOME": str(real / "kled"),
        "XDG_CONFIG_HOME": str(real / "config"),
        "KUBECONFIG": str(real / "kubeconfig"),
        "PREFECT_HOME": str(real / "prefect"),
        "KLED_PROTECTED": "*",
        "KLED_LEASE_TTL": "1",
        "KLED_KOPS": "/bin/false",
        "AWS_PROFILE": "production",
        **measured(),
    }
    before = sorted(real.rglob("*"))

    done = subprocess.run(
        ["sh", "-c", walk(tmp_path / "box")],
        env=env, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip

    world.close()
    assert world.connections == 0
    assert sorted(real.rglob("*")) == before
    assert "mycluster" in done.stdout, done.stderr
    assert "no Prefect server is named" in done.stderr
    assert f"no sandbox is left in {tmp_path}/box" in done.stderr
    assert not (tmp_path / "box").exists()
