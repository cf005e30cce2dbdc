"""A cluster with DNS has kops' placeholder as its API's address until a control plane is up."""

import json
from pathlib import Path

from kled.sandbox import faults
from tests.sandbox.desk import Desk
from tests.sandbox.recordings import recording


def test_validation_says_of_the_placeholder_what_the_real_kops_says(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "box")  # fault 67
    name = "d.dns.example.net"
    desk.create(name, "--dns=public", "--dns-zone=dns.example.net")
    desk.apply(name)
    faults.inject(desk.directory, "api-unreachable")

    done = desk.run("validate", "cluster", f"--name={name}", "-o", "json")

    real = recording("T-dns-phj")
    assert json.loads(done.stdout) == json.loads(real.stdout)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "Error: validation failed: cluster not yet healthy"
