"""The simulated kops on a state store in a bucket."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.boxes import Box, make_box


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[tuple[Box, dict[str, str]]]:

    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    endpoint = f"http://127.0.0.1:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="y",
    )
    client.create_bucket(Bucket="kled-state")
    box = make_box(tmp_path / "box")
    env = box.env | {
        "KOPS_STATE_STORE": "s3://kled-state",
        "S3_ENDPOINT": endpoint,
        "S3_ACCESS_KEY_ID": "x",
        "S3_SECRET_ACCESS_KEY": "y",
    }
    yield box, env
    server.stop()


def test_a_cluster_lives_in_a_bucket(bucket: tuple[Box, dict[str, str]]) -> None:
    box, env = bucket
    new = ("create", "cluster", "--name=s.k8s.local", "--zones=us-east-1a", "--cloud=aws")
    assert box.kops(*new, env=env).returncode == 0
    listed = box.kops("get", "clusters", env=env)
    stored = box.kops("get", "cluster", "s.k8s.local", "-oyaml", env=env)
    assert listed.stdout == "NAME\t\tCLOUD\tZONES\ns.k8s.local\taws\tus-east-1a\n"
    assert "configBase: s3://kled-state/s.k8s.local\n" in stored.stdout


def test_a_missing_bucket_is_named_as_kops_names_it(
    bucket: tuple[Box, dict[str, str]],
) -> None:
    box, env = bucket
    done = box.kops("get", "clusters", "--state=s3://no-such-bucket-xyz", env=env)
    assert done.returncode == 1
    assert "error listing s3://no-such-bucket-xyz/: operation error S3" in done.stderr
    assert "NoSuchBucket: The specified bucket does not exist" in done.stderr


def test_an_endpoint_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    box = make_box(tmp_path / "box")
    env = box.env | {"S3_ENDPOINT": "http://127.0.0.1:1"}
    refused = box.kops("get", "clusters", "--state=s3://b", env=env)
    keyed = env | {"S3_ACCESS_KEY_ID": "x", "S3_SECRET_ACCESS_KEY": "y"}
    dead = box.kops("get", "cluster", "c", "--state=s3://b", env=keyed)
    assert "S3_ACCESS_KEY_ID cannot be empty when S3_ENDPOINT is not empty" in refused.stderr
    assert "exceeded maximum number of attempts, 3" in dead.stderr
    assert "Traceback" not in dead.stderr
