"""A real kops reads new snapshots, from the scratch copy alone: there is no cloud here at all."""

from __future__ import annotations

import base64
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from kled import config
from kled.operations.snapshots.kops_proof import kops_check

if TYPE_CHECKING:
    from pathlib import Path

    from kled.snapshot.verify.verify import KopsCheck

pytestmark = pytest.mark.kops

CLUSTER = "staging.example.com"
CONFIG = f"""apiVersion: kops/v1alpha2
kind: Cluster
metadata:
  creationTimestamp: 2018-01-23T10:00:00Z
  name: {CLUSTER}
spec:
  api: {{dns: {{}}}}
  cloudProvider: aws
  configBase: s3://no-such-bucket/{CLUSTER}
  etcdClusters:
  - etcdMembers: [{{instanceGroup: master-us-east-1c, name: c}}]
    name: main
  kubernetesVersion: 1.35.5
  networkCIDR: 172.20.0.0/16
  networking: {{kubenet: {{}}}}
  nonMasqueradeCIDR: 100.64.0.0/10
  subnets:
  - {{cidr: 172.20.32.0/19, name: us-east-1c, type: Public, zone: us-east-1c}}
  topology: {{dns: {{type: Public}}, masters: public, nodes: public}}
"""
GROUP = f"""apiVersion: kops/v1alpha2
kind: InstanceGroup
metadata:
  labels: {{kops.k8s.io/cluster: {CLUSTER}}}
  name: master-us-east-1c
spec: {{machineType: t3.medium, maxSize: 1, minSize: 1, role: Master, subnets: [us-east-1c]}}
"""


def keyset(name: str) -> bytes:
    """A keyset with one key, as a kops of 1.8 wrote it."""
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(77)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = base64.b64encode(certificate.public_bytes(serialization.Encoding.PEM)).decode()
    return (
        f"apiVersion: kops/v1alpha2\nkind: Keyset\nmetadata:\n  name: {name}\nspec:\n  keys:\n"
        f'  - id: "77"\n    privateMaterial: {base64.b64encode(private).decode()}\n'
        f"    publicMaterial: {public}\n  type: Keypair\n"
    ).encode()


@pytest.fixture
def check(real_kops: Path, tmp_path: Path) -> KopsCheck:
    cloud = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_REGION": "us-east-1"}
    keys = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}
    home = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "KLED_KOPS": str(real_kops)}
    return kops_check(config.load(home | cloud | keys), patience=timedelta(seconds=60))


@pytest.mark.parametrize("names", [("ca", "master"), ("kubernetes-ca", "service-account")])
def test_a_kops_reads_the_copy_and_never_the_living_store(
    check: KopsCheck, names: tuple[str, str]
) -> None:
    # another member of fault 76: the copy's `configBase` named the living store, whose keypairs
    # kops then read; fault 8: `ca` and `master` are what kops reads of an old store
    objects = {"config": CONFIG.encode(), "instancegroup/master-us-east-1c": GROUP.encode()}
    keysets = {f"pki/private/{name}/keyset.yaml": keyset(name) for name in names}

    verdict = check(CLUSTER, objects | keysets)

    assert (verdict.findings, verdict.simulated) == ((), False)


def test_a_kops_says_of_the_copy_what_it_cannot_read(check: KopsCheck) -> None:
    objects = {"config": b"kind: Cluster\n", "instancegroup/master-us-east-1c": GROUP.encode()}

    assert check(CLUSTER, objects).findings
