"""A sandbox whose kops runs in this process: for what follows from stored state, and fast."""

import io
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from kled.sandbox import control
from kled.sandbox.__main__ import main
from kled.sandbox.cloud.account import ACCOUNT, Cloud, State
from kled.sandbox.context import Context
from kled.sandbox.kubernetes import objects
from kled.sandbox.kubernetes.nodes import labels_of
from kled.sandbox.store.open_store import FileStore
from tests.sandbox.done import Done
from tests.sandbox.recorded import BASE_URL, OPERATOR
from tests.sandbox.recordings import recording

REGION = "us-east-1"
FAST = 2000.0
"""Simulated seconds in a second."""
CREATE = ("--cloud=aws", "--zones=us-east-1a", "--dns=none", "--image=ami-1")
NO_KUBECONFIG = "--create-kube-config=false"
"""Without a kubeconfig no process of the sandbox starts."""


class Desk:
    """One sandbox, in which commands run one after the other."""

    def __init__(self, directory: Path) -> None:
        control.start(directory, speed=FAST)
        self.directory = directory
        self.state = directory / "state"
        self.env = {
            **control.environment(directory),
            "KLED_SANDBOX": str(directory),
            "KOPS_RSA_PRIVATE_KEY_SIZE": "1024",
            "USER": "tester",
        }

    def run(self, *args: str, stdin: str = "", env: Mapping[str, str] | None = None) -> Done:
        """Run the simulated kops once."""
        out, err = io.StringIO(), io.StringIO()
        status = main(args, {**self.env, **(env or {})}, (io.StringIO(stdin), out, err))
        return Done(status, out.getvalue(), err.getvalue())

    def must(self, *args: str, env: Mapping[str, str] | None = None) -> str:
        """Run kops, which must succeed; return its stdout."""
        done = self.run(*args, env=env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def replay(self, capture: str) -> Done:
        """Run a recorded command here, with the addresses that it was recorded with."""
        words = shlex.split(recording(capture).cmd.replace(OPERATOR, str(self.directory / "home")))
        done = self.run(*words[1:], env={"KOPS_BASE_URL": BASE_URL})
        return Done(done.returncode, done.stdout.replace(" (simulated)\n", "\n"), done.stderr)

    def create(self, name: str, *args: str) -> None:
        """Store a small cluster's definition."""
        self.must("create", "cluster", f"--name={name}", *CREATE, *args)

    def apply(self, name: str) -> str:
        """Apply a cluster's definition."""
        return self.must("update", "cluster", f"--name={name}", "--yes", NO_KUBECONFIG)

    def edit(self, key: str, change: Any) -> None:
        """Change one stored document, as somebody with an editor of their own would."""
        path = self.state / key
        document = yaml.safe_load(path.read_text())
        change(document)
        path.write_text(yaml.safe_dump(document))

    def cloud(self, *, everywhere: bool = False) -> State:
        """Return what the simulated region has (or what is global)."""
        return Cloud(self.directory, REGION).read(everywhere=everywhere)

    def machines(self, name: str) -> dict[str, str]:
        """Return the autoscaling group of each of a cluster's machines."""
        records = self.cloud()["instances"].values()
        return {each["id"]: each["group"] for each in records if each["cluster"] == name}

    def labels(self, name: str) -> dict[str, dict[str, str]]:
        """Return the labels that each of a cluster's machines has as a node, joined or not."""
        out = io.StringIO()
        ctx = Context(
            env=self.env,
            stdin=io.StringIO(),
            stdout=out,
            stderr=out,
            now=lambda: datetime.now(UTC),
            sleep=lambda _: None,
            sandbox=self.directory,
            store=FileStore(self.state),
        )
        with objects.edit(ctx, Cloud(self.directory, REGION), name) as world:
            return {machine: labels_of(world, machine) for machine in world.machines}


__all__ = ["ACCOUNT", "CREATE", "NO_KUBECONFIG", "Desk"]
