"""No text of the result names the old side, in any spelling, and no other word is taken for it."""

import base64
import dataclasses
import gzip
import textwrap
import zlib
from typing import Any

import pytest

from kled.errors import DefinitionUndecided
from kled.recovery.rewrite import Former, Rewritten, Target, rewrite
from tests.unit.recovery.rewrite.definitions import (
    GONE,
    NEW,
    SECURITY_GROUPS,
    definition,
    edited,
    read,
)

TARGET = Target(
    region="eu-west-1",
    zones={"us-east-1a": "eu-west-1a"},
    state_store=NEW,
    account="222222222222",
    former=Former(account="111111111111"),
    resources=SECURITY_GROUPS,
)
SECRET = "export TOKEN=hunter2"


def east() -> tuple[bytes, list[bytes]]:
    cluster, groups = definition("private")
    cluster, *groups = (body.replace(b"us-test", b"us-east") for body in (cluster, *groups))
    return cluster, groups


def with_text(text: str, target: Target = TARGET) -> Rewritten:
    """Return what becomes of a definition that holds a text where nobody expects one."""
    cluster, groups = east()
    return rewrite(cluster, [edited(groups[0], someNewField={"deep": [text]}), *groups[1:]], target)


def named(rewritten: Rewritten) -> list[str]:
    return [undecided.names for undecided in rewritten.undecided]


def packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_a_definition_without_anything_special_has_none() -> None:
    assert rewrite(*east(), TARGET).undecided == ()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("us-east-1", "region us-east-1"),
        ("us-east-1b", "region us-east-1b"),
        ("US-EAST-1", "region US-EAST-1"),
        ("us_east_1", "region us_east_1"),
        ("https://ec2.us-east-1.amazonaws.com/", "region us-east-1"),
        ("s3-us-east-1.amazonaws.com", "region us-east-1"),
        ("us-east-1-bos-1a", "region us-east-1"),
        ("nodes-use1a", "zone use1a"),
        ("use1-az4", "zone use1-az4"),
        ("111111111111", "account 111111111111"),
        ("1111-1111-1111", "account 1111-1111-1111"),
        ("111111111111/our-image", "account 111111111111"),
        ("s3://acme-state/other/thing", "bucket acme-state"),
        ("acme-state", "bucket acme-state"),
        ("https://acme-state.s3.amazonaws.com/x", "bucket acme-state"),
        ("https://s3.amazonaws.com/acme-state/x", "bucket acme-state"),
        ("arn:aws:s3:::acme-state/*", "bucket arn:aws:s3:::acme-state/*"),
        ("copy acme-state.", "bucket acme-state"),
        ("ami-0123456789abcdef0", "resource ami-0123456789abcdef0"),
        ("ami-785db401", "resource ami-785db401"),
        ("sg-0123456789abcdef0", "resource sg-0123456789abcdef0"),
        ("subnet-0123456789abcdef0", "resource subnet-0123456789abcdef0"),
        ("vpc-0123456789abcdef0", "resource vpc-0123456789abcdef0"),
        ("eni-0123456789abcdef0", "resource eni-0123456789abcdef0"),
        ("lt-0123456789abcdef0", "resource lt-0123456789abcdef0"),
        ("tgw-attach-0123456789abcdef0", "resource tgw-attach-0123456789abcdef0"),
        (
            "arn:aws:kms:us-east-1:111111111111:key/mrk-1",
            "KMS key arn:aws:kms:us-east-1:111111111111:key/mrk-1",
        ),
        (
            '{"Resource": "arn:aws:iam::111111111111:role/x"}',
            "IAM resource arn:aws:iam::111111111111:role/x",
        ),
        ("a%2Fus%2Deast%2D1", "region us-east-1 in what is encoded there"),
        (packed("us-east-1"), "region us-east-1 in what is encoded there"),
        (f"run {packed('aws --region us-east-1')}", "region us-east-1 in what is encoded there"),
        (f"/x/{packed('aws --region us-east-1')}", "region us-east-1 in what is encoded there"),
        (packed(packed("us-east-1a")), "region us-east-1a in what is encoded there"),
    ],
)
def test_a_text_that_names_the_old_side_is_told(text: str, names: str) -> None:
    assert named(with_text(text)) == [names]


@pytest.mark.parametrize(
    "text",
    [
        "virus-east-1",
        "us-east-10",
        "us-east-1st",
        "us-east-12a",
        "eu-west-1a",
        "refuse1a",
        "use1percent",
        "0111111111111",
        "1111111111111",
        "s3://acme-state-2/x",
        "s3://acme-states/x",
        "s3://my.acme-state/x",
        "acme-state.example.com",
        "s3://acme-state-eu/private.example.com",
        "team-deadbeef",
        "sg-web",
        "ami-785db4012",
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "arn:aws:kms:eu-west-1:222222222222:key/x",
        "099720109477/ubuntu/images/x",
        "private.example.com",
        packed("nothing of the sort"),
        "c3VyZWx5IG5vdCBiYXNlNjQhISEh" * 50,
    ],
)
def test_no_other_word_is_taken_for_it(text: str) -> None:
    assert named(with_text(text)) == []


def test_a_bucket_that_is_a_word_counts_in_urls_alone() -> None:
    cluster, groups = (east()[0].replace(b"acme-state", b"kops"), east()[1])
    groups[0] = edited(
        groups[0],
        a="the kops way",
        b="kops.k8s.io/x",
        c="s3://kops/y",
        d="kops",
        e="https://kops.s3.eu-west-1.amazonaws.com/z",
    )

    fields = [each.field for each in rewrite(cluster, groups, TARGET).undecided]

    assert fields == [f"bastions: spec.{letter}" for letter in "cde"]


def test_keys_of_maps_are_looked_at() -> None:
    cluster, groups = east()
    labels = {"us-east-1.example.com/tier": "a"}
    groups[0] = edited(groups[0], cloudLabels=labels)

    (undecided,) = rewrite(cluster, groups, TARGET).undecided

    assert undecided.field == "bastions: spec.cloudLabels.us-east-1.example.com/tier"
    assert undecided.names == "region us-east-1 in its own name"


def test_numbers_are_looked_at() -> None:
    cluster, groups = east()
    groups[0] = edited(groups[0], owner=111111111111)

    assert named(rewrite(cluster, groups, TARGET)) == ["account 111111111111"]


PROGRAM = f"#!/bin/sh\n{SECRET}\naws s3 cp s3://acme-state/x . --region us-east-1\n" + "# \n" * 40
ENCODINGS = {
    "plain": PROGRAM,
    "base64": packed(PROGRAM),
    "in lines": "\n".join(textwrap.wrap(packed(PROGRAM), 76)),
    "in indented lines": textwrap.indent("\n".join(textwrap.wrap(packed(PROGRAM), 64)), "    "),
    "with words before": "data:\n" + "\n".join(textwrap.wrap(packed(PROGRAM), 60)) + "\nend\n",
    "URL-safe": base64.urlsafe_b64encode(PROGRAM.encode()).decode(),
    "without padding": packed(PROGRAM).rstrip("="),
    "gzip": base64.b64encode(gzip.compress(PROGRAM.encode())).decode(),
    "zlib": base64.b64encode(zlib.compress(PROGRAM.encode())).decode(),
    "gzip in lines": "\n".join(
        textwrap.wrap(base64.b64encode(gzip.compress(PROGRAM.encode(), 1)).decode(), 76)
    ),
    "cloud-init": "#cloud-config\nwrite_files:\n- encoding: gz+b64\n  content: "
    + base64.b64encode(gzip.compress(PROGRAM.encode())).decode(),
    "twice": packed(packed(PROGRAM)),
}


@pytest.mark.parametrize("content", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize(
    "place",
    [
        lambda text: {"additionalUserData": [{"name": "x", "type": "text/x", "content": text}]},
        lambda text: {"hooks": [{"name": "x", "manifest": text}]},
        lambda text: {"fileAssets": [{"name": "x", "content": text, "isBase64": True}]},
    ],
    ids=["user data", "hooks", "files"],
)
def test_programs_of_machines_are_looked_through_and_not_shown(content: str, place: Any) -> None:
    cluster, groups = east()
    rewritten = rewrite(cluster, [edited(groups[0], **place(content)), *groups[1:]], TARGET)

    told = " ".join(named(rewritten))

    assert "region us-east-1" in told
    assert "bucket acme-state" in told
    assert {each.value for each in rewritten.undecided} == {"(hidden)"}
    with pytest.raises(DefinitionUndecided) as refused:
        rewritten.objects()
    assert "hunter2" not in f"{refused.value} {refused.value.hint} {rewritten.as_json()}"


def test_what_is_compressed_beyond_reason_is_told() -> None:
    bomb = base64.b64encode(gzip.compress(b"x" * (5 << 20))).decode()

    assert named(with_text(bomb)) == ["more compressed data than kled looks at"]


def test_a_leftover_is_an_error_before_any_bytes_are_given() -> None:
    rewritten = with_text("us-east-1")

    for give in (rewritten.objects, rewritten.documents, rewritten.as_text):
        with pytest.raises(DefinitionUndecided) as refused:
            give()
    assert refused.value.exit_code == 2
    assert refused.value.message == (
        'the definition of "private.example.com" would go on naming its old place in 1 field:'
        " bastions: spec.someNewField.deep[0] names region us-east-1: say resources[us-east-1]"
    )


def test_what_a_person_keeps_is_kept() -> None:
    target = dataclasses.replace(TARGET, kept={"bastions: spec.someNewField.deep[0]"})

    rewritten = with_text("us-east-1", target)

    assert rewritten.undecided == ()
    assert read(rewritten.objects()["instancegroup/bastions"])["spec"]["someNewField"] == {
        "deep": ["us-east-1"]
    }


def test_zones_that_nobody_mapped_are_told_with_their_option() -> None:
    rewritten = rewrite(*east(), dataclasses.replace(TARGET, zones={}))

    told = {(each.field, each.option) for each in rewritten.undecided}

    assert ("spec.subnets[0].zone", "zones[us-east-1a]") in told


def test_an_account_that_nobody_named_is_any_but_the_new_one() -> None:
    target = dataclasses.replace(TARGET, former=Former(), iam_isolation=GONE)

    assert named(with_text("arn:aws:iam::333333333333:role/x", target)) == [
        "IAM resource arn:aws:iam::333333333333:role/x"
    ]
    assert named(with_text("arn:aws:iam::222222222222:role/x", target)) == []


def test_ids_stay_where_region_and_account_do() -> None:
    target = dataclasses.replace(TARGET, region="us-east-1", zones={}, account="")

    assert named(with_text("ami-785db401 us-east-1 111111111111", target)) == []
    assert named(with_text("s3://acme-state/x", target)) == ["bucket acme-state"]


def test_a_partition_has_arns_of_its_own() -> None:
    target = dataclasses.replace(TARGET, region="cn-north-1", zones={"us-east-1a": "cn-north-1a"})

    assert named(with_text("arn:aws:iam::aws:policy/ReadOnlyAccess", target)) == [
        "IAM resource arn:aws:iam::aws:policy/ReadOnlyAccess"
    ]


def test_the_names_of_etcds_members_stay() -> None:
    cluster, groups = east()
    cluster = cluster.replace(b"      name: a\n", b"      name: us-east-1a\n")

    rewritten = rewrite(cluster, groups, TARGET)
    etcds = read(rewritten.objects()["config"])["spec"]["etcdClusters"]

    assert [etcd["etcdMembers"][0]["name"] for etcd in etcds] == ["us-east-1a", "us-east-1a"]
