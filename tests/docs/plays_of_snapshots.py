"""Plays of the documents about snapshots and recovery."""

import re
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import boto3
from botocore.exceptions import ClientError

from tests.docs.play import Play, Prepare
from tests.docs.reading import read
from tests.docs.shell import Done
from tests.docs.stage import CLUSTER, Stage

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CopySourceTypeDef

_STATE: Final = "acme-kops-state"
_NEW: Final = "s3://new-store"
_KEPT: Final = "acme-kops-snapshots"
_TRIES: Final = 5
_BY_HAND: Final = "tests/unit/snapshot/restore/test_restore_by_hand.py"
KEYS: Final = {"S3_ACCESS_KEY_ID": "testing", "S3_SECRET_ACCESS_KEY": "testing"}


def s3(stage: Stage) -> "S3Client":
    """Return a client of the tests' own."""
    return boto3.client(
        "s3",
        endpoint_url=stage.endpoint,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def in_buckets(stage: Stage, *names: str, **env: str) -> None:
    """Open a shell in the sandbox whose state store is the first of these buckets, all new.

    Another document may have been played before, and have left versions in them.
    """
    kept = {each["Name"] for each in s3(stage).list_buckets()["Buckets"]}
    for name in names:
        if name in kept:
            _delete_bucket(s3(stage), name)
        s3(stage).create_bucket(Bucket=name)
    stage.in_the_sandbox(
        KOPS_STATE_STORE=f"s3://{names[0]}", S3_ENDPOINT=stage.endpoint, **KEYS, **env
    )


def _newest(stage: Stage) -> None:
    stage.values["snapshot"] = stage.latest()


def _lost(*parts: str) -> Prepare:
    """Take away what lies in these parts of the cluster's prefix, and name the newest snapshot."""

    def prepare(stage: Stage) -> None:
        _newest(stage)
        for part in parts or ("",):
            _empty(s3(stage), _STATE, f"{CLUSTER}/{part}")

    return prepare


def _deleted(stage: Stage) -> None:
    stage.do(f"kled kops delete-cluster --name={CLUSTER} --yes")


def _renamed(stage: Stage) -> None:
    """The new store has another name now, and snapshots know the one before."""
    stage.do(f"kled snapshot create --name={CLUSTER} --state={_NEW}")
    _newest(stage)
    s3(stage).create_bucket(Bucket="renamed-store")
    found = s3(stage).list_objects_v2(Bucket="new-store", Prefix=f"{CLUSTER}/")["Contents"]
    for key in [each["Key"] for each in found]:
        source: CopySourceTypeDef = {"Bucket": "new-store", "Key": key}
        s3(stage).copy_object(Bucket="renamed-store", Key=key, CopySource=source)
    _empty(s3(stage), "new-store", "")
    stage.do("export KOPS_STATE_STORE=s3://renamed-store")


def _bucket_gone(stage: Stage) -> None:
    _delete_bucket(s3(stage), _STATE)


def _delete_bucket(client: "S3Client", bucket: str) -> None:
    """Delete a bucket with all versions in it; a lease that ends now may be written once more."""
    for left in reversed(range(_TRIES)):
        _empty(client, bucket, "")
        _delete_versions(client, bucket)
        try:
            client.delete_bucket(Bucket=bucket)
        except ClientError:
            if not left:
                raise
            time.sleep(1)
        else:
            return


def _delete_versions(client: "S3Client", bucket: str) -> None:
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for each in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]:
            client.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])


def _empty(client: "S3Client", bucket: str, prefix: str) -> None:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for key in [each["Key"] for page in pages for each in page.get("Contents", ())]:
        client.delete_object(Bucket=bucket, Key=key)


def _on_call(stage: Stage) -> None:
    """A worker has kept encrypted snapshots; who is on call has the identity, and no settings."""
    identity = stage.directory / "snapshots.key"
    in_buckets(
        stage,
        _STATE,
        _KEPT,
        KLED_SNAPSHOT_STORE=f"s3://{_KEPT}",
        KLED_SNAPSHOT_RECIPIENTS=_key(stage, identity),
    )
    stage.create()
    stage.new_shell()
    for name in ("KLED_SNAPSHOT_STORE", "KLED_SNAPSHOT_RECIPIENTS"):
        del stage.env[name]


def _key(stage: Stage, path: Path) -> str:
    said = stage.do(f"umask 077 && age-keygen -o {path}").said
    (public,) = re.findall(r"age1[0-9a-z]+", said)
    return str(public)


def _keys_are_kept(stage: Stage, done: Done) -> None:
    """No keyset is new, and none lies in clear among encrypted snapshots (fault 24)."""
    assert "keypair" not in done.out.lower(), done.out
    kept = s3(stage).list_objects_v2(Bucket=_KEPT)["Contents"]
    assert [each["Key"] for each in kept if each["Key"].endswith("state.tar.zst")] == []


def _nothing_yet(stage: Stage) -> None:
    in_buckets(stage, _STATE, _KEPT, "acme-second-site")
    del stage.env["KLED_SNAPSHOT_STORE"]
    stage.create()


def _set_up(stage: Stage) -> None:
    """Write the document's settings file, with the key that was made as it says."""
    text = re.findall(r"```toml\n(.*?)```", read("docs/snapshots.md"), re.DOTALL)[0]
    text = re.sub(r"(?m)^   ", "", text)
    own, safe = stage.work / "snapshots.key", stage.directory / "safe.key"
    for key in (re.findall(r"age1[0-9a-z]+", own.read_text())[0], _key(stage, safe)):
        text = text.replace("age1…", key, 1)
    text = text.replace('aws-profile = "backup"', f'endpoint = "{stage.endpoint}"')
    assert tomllib.loads(text)
    file = stage.home / ".config/kled/config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    own.chmod(0o600)
    stage.new_shell(KLED_SNAPSHOT_IDENTITY=str(own))


PLAYS: Final = {
    "docs/recovery.md": Play(
        _on_call,
        before={
            "kled recover plan": _lost(),
            "kled snapshot restore --name=C --snapshot=ID --class=identity": _lost("pki/"),
            "kled kops update-cluster --name=C --yes --new-identity=C": _lost("pki/"),
            "kled snapshot restore --name=C --snapshot=ID --class=intent": _newest,
            "kled snapshot restore --name=C --snapshot=latest\n": _deleted,
            "kled kops configure-state-store": _bucket_gone,
            "kled snapshot epoch raise --name=C --former": _renamed,
        },
        after={
            "kled kops update-cluster --name=C\n": _keys_are_kept,
            "kled kops update-cluster --name=C --state=s3://new-store": _keys_are_kept,
        },
        exits={"kled recover plan": (3, "exit 3")},
        needs=("age-keygen",),
    ),
    "docs/snapshots.md": Play(
        _nothing_yet,
        before={
            "kled snapshot create --all": _set_up,
            "kled snapshot restore": _newest,
        },
        exits={"kled snapshot verify --name=C --level=4": (4, "exit 4: there is none")},
        needs=("age-keygen", "openssl"),
    ),
    "docs/snapshot-format.md": Play(
        lambda _: None,
        held=dict.fromkeys(
            (
                'aws s3 cp "$S/clusters',
                'aws s3 cp "$S/$(jq',
                "mkdir -p state",
                "age -d -i identity.txt archive",
                "jq -r '. as $m",
                "rm -rf state",
                "aws s3 sync",
            ),
            _BY_HAND,
        ),
    ),
}
