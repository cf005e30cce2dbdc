"""What of a wanted cluster, and of its cloud, are kops' flags."""

from kled.kops.facts.feature_flags import feature_flags
from kled.kops.fields.spec_flags import flags
from kled.models.spec import parse_spec

BASE = {"name": "demo.k8s.local", "zones": ["us-east-1a"]}


def test_flags_are_in_the_forms_order() -> None:
    spec = parse_spec({**BASE, "kubernetes_version": "v1.36.0", "set": ["spec.a=1", "spec.b=2"]})

    assert flags(spec) == [
        ("name", "demo.k8s.local"),
        ("cloud", "aws"),
        ("zones", "us-east-1a"),
        ("kubernetes-version", "1.36.0"),
        ("set", "spec.a=1"),
        ("set", "spec.b=2"),
    ]


def test_feature_flags_follow_the_cloud_the_store_and_the_credentials() -> None:
    assert feature_flags("azure", "s3://b", {}) == ("Azure",)
    assert feature_flags(None, "scw://b", {}) == ("Scaleway",)
    assert feature_flags(None, "s3://b", {"LINODE_TOKEN": "x"}) == ("Linode",)
    assert feature_flags("aws", "s3://b", {}) == ()
