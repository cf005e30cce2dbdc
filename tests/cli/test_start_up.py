"""What each command imports: a table, since start-up is most of what a short command takes.

A row that grows is a decision: `prefect` is 0.6 s, a cloud's SDK 0.2 s, pydantic 0.1 s.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.boxes import Box
from tests.unit.storage.answering import Answer, Server, answering

HEAVY = (
    *("prefect", "boto3", "s3transfer", "botocore", "obstore", "google.cloud.storage"),
    *("azure.storage.blob", "pydantic", "rich", "yaml", "cryptography", "httpx", "lightkube"),
    *("zstandard", "pyrage", "asyncio", "multiprocessing", "urllib3"),
)
LIGHT = (
    *("csv", "difflib", "hashlib", "html", "secrets", "tomllib", "zoneinfo"),
    *(
        "kled.lease",
        "kled.snapshot.parallel",
        "kled.storage.memory",
        "kled.kops.state_store.contents",
    ),
)
"""What a list of clusters does without: each is 1 to 12 ms."""
SCRIPT = """
import json, sys
opened = []
sys.addaudithook(lambda event, about: opened.append(str(about[0])) if event == "open" else None)
from kled.__main__ import main
sys.argv = ["kled", *json.loads(sys.argv[1])]
try:
    main()
except SystemExit:
    pass
heavy = [name for name in json.loads(sys.stdin.read()) if name in sys.modules]
described = [path for path in opened if "/s3/" in path and "/service-2.json" in path]
print(json.dumps({"heavy": sorted(heavy), "described": len(described)}), file=sys.stderr)
"""
NOTHING: list[str] = []
SNAPSHOTS = ["pydantic", "yaml"]
S3 = sorted([*SNAPSHOTS, "botocore", "obstore", "urllib3"])
TABLE = {
    "--version": NOTHING,
    "--help": NOTHING,
    "kops get-clusters --help": NOTHING,
    "kops get-clusters --state=file:///nowhere": NOTHING,
    "kops update-cluster --name=a.example.com --state=file:///nowhere": ["yaml"],
    "snapshot create --help": NOTHING,
    "snapshot list --snapshot-store=file:///nowhere": SNAPSHOTS,
}


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """A private home with no settings and no credentials."""
    return {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.mark.parametrize("command", TABLE)
def test_a_command_imports_what_it_needs(home: dict[str, str], command: str) -> None:
    assert imports(command.split(), home)["heavy"] == TABLE[command]


def test_a_list_of_clusters_imports_nothing_that_only_changes_need(box: Box) -> None:
    found = imports(["kops", "get-clusters"], box.env, (*HEAVY, *LIGHT))

    assert found["heavy"] == NOTHING
    assert box.calls() == ["get clusters --output=json"]


def test_a_command_on_s3_imports_no_more_of_its_sdk_than_it_uses(home: dict[str, str]) -> None:
    denied = Answer(403, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
    with answering(lambda _asked: denied) as server:
        found = imports(["snapshot", "list", "--snapshot-store=s3://kept"], at(home, server))

    assert found["heavy"] == S3
    assert server.asked


def test_stores_on_s3_are_listed_without_reading_what_describes_it(home: dict[str, str]) -> None:
    empty = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"

    def answer(asked: object) -> Answer:
        return Answer(200, empty) if "list-type" in str(asked) else Answer(404, b"<Error/>")

    words = ["snapshot", "create", "--all", "--state=s3://state", "--snapshot-store=s3://kept"]
    with answering(answer) as server:
        found = imports(words, at(home, server))

    assert {asked.path.split("?")[0].split("/")[1] for asked in server.asked} == {"state", "kept"}
    assert found["described"] == 0  # 0.05 s each


def test_what_makes_snapshots_loads_nothing_that_protects_a_change(home: dict[str, str]) -> None:
    words = ["snapshot", "create", "--all", "--state=file:///no", "--snapshot-store=file:///no"]
    protects = ("kled.kops.client", "kled.operations.guards.before_change", "kled.lease")

    assert imports(words, home, protects)["heavy"] == NOTHING


def at(home: dict[str, str], server: Server) -> dict[str, str]:
    keys = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}
    return {**home, **keys, "AWS_ENDPOINT_URL": server.url, "AWS_REGION": "us-east-1"}


def imports(
    words: list[str], env: dict[str, str], names: tuple[str, ...] = HEAVY
) -> dict[str, object]:
    """Call a command in a process of its own; return what it imported and opened."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(words)],
        input=json.dumps(names),
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, object] = json.loads(done.stderr.splitlines()[-1])
    return found
