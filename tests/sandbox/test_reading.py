"""The simulated kops reads YAML and types as kops does, and shows nobody a Python error.

Faults 12, 30, 63, 78 and 80: PyYAML read what go-yaml reads otherwise, and took any type.
"""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.sandbox.desk import NO_KUBECONFIG, Desk
from tests.sandbox.recorded import CAPTURES

C, GROUP = "c.example.com", "nodes-us-east-1a"
ROWS = json.loads((CAPTURES / "reading.json").read_text(encoding="utf-8"))
"""What kops 1.36.2 said of a group whose text ends in `more`, or whose `old` text is `new`."""
PYTHON = re.compile(r"Traceback|\b[A-Z]\w*Error\b|NoneType|has no attribute")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("desk") / "box")
    (desk.state / C / "instancegroup").mkdir(parents=True)
    (desk.state / C / "config").write_text(ROWS["cluster"])
    return desk


@pytest.mark.parametrize("row", ROWS["rows"], ids=lambda row: row["what"])
def test_a_group_is_read_as_kops_reads_it(desk: Desk, row: dict[str, Any]) -> None:
    text = row["text"] if "text" in row else f"{ROWS['group']}{row['more']}"
    path = desk.state / C / "instancegroup" / GROUP
    path.write_text(text, encoding="utf-8", newline="")

    done = desk.run("get", "ig", GROUP, f"--name={C}", "-oyaml")

    assert done.returncode == row["rc"]
    assert done.stdout == row["stdout"]
    said = done.stderr.splitlines()[-1] if row["rc"] == 1 else row["stderr"]
    assert said.replace(str(path), "PATH") == row["stderr"]
    assert row["rc"] != 2 or row["stderr"] in done.stderr


VERBS: tuple[tuple[str, ...], ...] = (
    ("get", "ig", "-oyaml"), ("get", "ig"), ("get", "all"), ("get", "instances"),
    ("get", "keypairs"), ("get", "secrets", "kube", "-oplaintext"), ("update", "cluster"),
    ("update", "cluster", "--yes", NO_KUBECONFIG), ("validate", "cluster"), ("toolbox", "dump"),
    ("rolling-update", "cluster", "--cloudonly"), ("upgrade", "cluster"), ("delete", "cluster"),
    ("edit", "cluster", "--set=spec.channel=x"), ("edit", "ig", GROUP, "--set=spec.maxSize=3"),
    ("create", "keypair", "kubernetes-ca"), ("promote", "keypair", "service-account"),
    ("create", "ig", "new", "--role=node", "--subnet=us-east-1a", "--edit=false"),
    ("reconcile", "cluster"), ("get", "cluster", "--full", "-oyaml"),
)  # fmt: skip
BAD: tuple[object, ...] = (
    *(None, "", [], {}, "x", -1, 0, True, 1e300, ["x"], {"a": "b"}, "2" * 300, "../..", [None]),
)
FILES = (
    "config", f"instancegroup/{GROUP}", "instancegroup/control-plane-us-east-1a",
    "cluster-completed.spec", "pki/private/kubernetes-ca/keyset.yaml", "kops-version.txt",
    "pki/private/service-account/keyset.yaml", "secrets/kube",
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    below: Any = value.items() if isinstance(value, dict) else ()
    for key, item in enumerate(value) if isinstance(value, list) else below:
        yield from places(item, (*path, key))


def spoilt(text: str, chance: random.Random) -> str:
    document = yaml.safe_load(text)
    choices = [path for path in places(document) if path]
    if not choices:
        return chance.choice(["", "\0", "[", "[" * 20_000])
    *parents, last = chance.choice(choices)
    holder = document
    for key in parents:
        holder = holder[key]
    if chance.random() < 0.3:
        del holder[last]
    else:
        holder[last] = chance.choice(BAD)
    return yaml.safe_dump(document)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_stored_no_python_error_reaches_people(tmp_path: Path, seed: int) -> None:
    desk, chance = Desk(tmp_path / "box"), random.Random(seed)  # noqa: S311 - fault 30
    desk.create(C, "--node-count=1")
    desk.apply(C)
    whole = {name: (desk.state / C / name).read_bytes() for name in FILES}
    for _ in range(15):
        name = chance.choice(FILES)
        (desk.state / C / name).write_text(spoilt(whole[name].decode(), chance))
        for words in chance.sample(VERBS, 3):
            done = desk.run(*words, f"--name={C}")

            assert done.returncode in {0, 1, 2}, words
            assert not PYTHON.search(done.stderr + done.stdout), (name, words, done.stderr)
        for key, body in whole.items():
            (desk.state / C / key).write_bytes(body)


def test_a_call_outside_of_a_sandbox_says_so(tmp_path: Path) -> None:  # fault 30
    done = Desk(tmp_path / "box").run("get", "clusters", env={"KLED_SANDBOX": str(tmp_path)})

    assert done.returncode == 1
    assert done.stderr.endswith(f"has no sandbox to work in: no sandbox in {tmp_path}\n")
