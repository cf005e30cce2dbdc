"""A real control plane on this machine: etcd, API server, controllers and scheduler, as processes.

`make kubernetes` builds them. What a kubelet does is done by `kubelets`.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lightkube.resources.core_v1 import Namespace

from kled.errors import KledError
from kled.kubernetes.client import Api, connect
from tests.emulators.builds import CONTROL_PLANE
from tests.emulators.servers import REQUIRED, free_port
from tests.kubernetes.etcd import Etcd
from tests.kubernetes.identities import Authority, Identity, write_kubeconfig

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "api.internal.real.example.com"
"""What a cluster's API is called where kops makes its certificate."""
ADVERTISED = "192.0.2.10"
"""The address under which the API server enters itself for the service `kubernetes` (RFC 5737)."""
_READY_SECONDS = 180.0


def require_control_plane() -> None:
    """Skip what needs the programs where they are not built, or fail if it must run."""
    if not CONTROL_PLANE.command.exists():
        reason = f"no control plane {CONTROL_PLANE.version}: make kubernetes"
        if CONTROL_PLANE.name in os.environ.get(REQUIRED, "").split():
            pytest.fail(reason)
        pytest.skip(reason)


class ControlPlane:
    """The programs, each in a process, with all that they keep in one directory."""

    def __init__(self, directory: Path, ports: tuple[int, int, int]) -> None:
        etcd, peers, self._port = ports
        self.directory = directory
        self.authority = Authority(directory)
        self.server = f"https://127.0.0.1:{self._port}"
        self.etcd = Etcd(f"http://127.0.0.1:{etcd}")
        self._peers = f"http://127.0.0.1:{peers}"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._served = self.authority.server("localhost", NAME)
        self._tokens = self.authority.client("service-accounts")
        self._admin = self.authority.client("admin", "system:masters")

    def start(self) -> None:
        """Start everything; the API answers when this returns."""
        require_control_plane()
        self._start("server", self._etcd_flags())
        self.etcd.wait(_READY_SECONDS)
        self.start_api()
        kubeconfig = f"--kubeconfig={self.kubeconfig('components')}"
        quiet = [kubeconfig, "--leader-elect=false", "--secure-port=0"]
        authority = self.authority.identity
        tokens = f"--service-account-private-key-file={self._tokens.key}"
        controllers = [*quiet, tokens, f"--root-ca-file={authority.certificate}"]
        self._start("kube-controller-manager", controllers)
        self._start("kube-scheduler", quiet)

    def start_api(self) -> None:
        """Start the API server, and wait until it is ready."""
        self._start("kube-apiserver", self._api_flags())
        self._wait()

    def kill(self, program: str) -> None:
        """End a program as a lost machine ends it."""
        process = self._processes.pop(program)
        process.kill()
        process.wait()

    def stop(self) -> None:
        for program in [*self._processes]:
            self.kill(program)

    def kubeconfig(
        self, name: str, client: Identity | None = None, *, server_name: str = ""
    ) -> Path:
        """Write a kubeconfig for a client; for one that may do everything unless it is given."""
        file = self.directory / f"{name}.kubeconfig"
        authority = self.authority.identity
        return write_kubeconfig(
            file, self.server, authority, client or self._admin, server_name=server_name
        )

    def connect(self, client: Identity | None = None) -> Api:
        return connect(self.kubeconfig("tests", client))

    def _start(self, program: str, flags: list[str]) -> None:
        with (self.directory / f"{program}.log").open("ab") as log:
            self._processes[program] = subprocess.Popen(
                [str(CONTROL_PLANE.program(program)), *flags],
                stdout=log,
                stderr=log,
                cwd=self.directory,
                env={"PATH": os.environ["PATH"], "HOME": str(self.directory)},
            )

    def _etcd_flags(self) -> list[str]:
        return [
            f"--data-dir={self.directory / 'etcd'}",
            f"--listen-client-urls={self.etcd.url}",
            f"--advertise-client-urls={self.etcd.url}",
            f"--listen-peer-urls={self._peers}",
            f"--initial-advertise-peer-urls={self._peers}",
            f"--initial-cluster=default={self._peers}",
            "--unsafe-no-fsync",
        ]

    def _api_flags(self) -> list[str]:
        authority, served = self.authority.identity, self._served
        return [
            f"--etcd-servers={self.etcd.url}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._port}",
            f"--advertise-address={ADVERTISED}",
            "--endpoint-reconciler-type=lease",
            "--service-cluster-ip-range=10.96.0.0/16",
            f"--client-ca-file={authority.certificate}",
            f"--tls-cert-file={served.certificate}",
            f"--tls-private-key-file={served.key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self._tokens.certificate}",
            f"--service-account-signing-key-file={self._tokens.key}",
            "--authorization-mode=Node,RBAC",
        ]

    def _wait(self) -> None:
        ends = time.monotonic() + _READY_SECONDS
        process = self._processes["kube-apiserver"]
        while time.monotonic() < ends:
            assert process.poll() is None, (self.directory / "kube-apiserver.log").read_text()
            try:
                with self.connect() as api, api.asking("whether it is ready") as client:
                    client.get(Namespace, "kube-system")
                    return
            except KledError:
                pass
            time.sleep(0.2)
        raise AssertionError((self.directory / "kube-apiserver.log").read_text()[-2000:])


@contextmanager
def running() -> Iterator[ControlPlane]:
    """A control plane of its own; nothing of it is left."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ports = [stack.enter_context(free_port()) for _ in range(3)]
        plane = ControlPlane(directory, (ports[0], ports[1], ports[2]))
        stack.callback(plane.stop)
        plane.start()
        yield plane
