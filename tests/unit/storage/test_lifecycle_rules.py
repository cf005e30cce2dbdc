"""The shapes in which services tell lifecycle rules, as one typed value."""

from datetime import UTC, datetime
from typing import Any

import pytest

from kled.storage.lifecycle_rules import LifecycleRule, of_google, of_s3

ON = {"ID": "r", "Status": "Enabled"}
GONE = {"Expiration": {"Days": 30}}
A_TAG = {"Key": "temporary", "Value": "yes"}


@pytest.mark.parametrize(
    ("rule", "prefix", "tags"),
    [
        ({"Prefix": "a/"}, "a/", ()),
        ({"Prefix": ""}, "", ()),
        ({"Filter": {"Prefix": "a/"}}, "a/", ()),
        ({"Filter": {}}, "", ()),
        ({"Filter": {"Prefix": ""}, "Prefix": "a/"}, "a/", ()),
        ({"Filter": {"Tag": A_TAG}}, "", ("temporary=yes",)),
        ({"Filter": {"And": {"Prefix": "a/", "Tags": [A_TAG]}}}, "a/", ("temporary=yes",)),
        ({"Filter": {"And": {"Prefix": "a/", "Tags": None}}}, "a/", ()),
        ({"Filter": None}, "", ()),
        ({}, "", ()),
    ],
)
def test_what_a_rule_is_about_stands_in_many_places(
    rule: dict[str, Any], prefix: str, tags: tuple[str, ...]
) -> None:
    (told,) = of_s3([{**ON, **GONE, **rule}])

    assert (told.prefixes, told.tags, told.acts) == ((prefix,), tags, "deletes after 30 days")


@pytest.mark.parametrize(
    ("rule", "acts"),
    [
        ({"Expiration": {"Days": 1}}, "deletes after 1 day"),
        ({"Expiration": {"Date": datetime(2027, 1, 1, tzinfo=UTC)}}, "deletes on 2027-01-01"),
        ({"Transitions": [{"Days": 9, "StorageClass": "GLACIER"}]}, "archives after 9 days"),
        ({"Transition": {"Days": 9, "StorageClass": "DEEP_ARCHIVE"}}, "archives after 9 days"),
        (
            {**GONE, "Transitions": [{"Days": 0, "StorageClass": "GLACIER"}]},
            "deletes after 30 days and archives after 0 days",
        ),
    ],
)
def test_what_a_rule_does_to_current_objects(rule: dict[str, Any], acts: str) -> None:
    (told,) = of_s3([{**ON, **rule}])

    assert told.acts == acts


@pytest.mark.parametrize(
    "rule",
    [
        {**GONE, "Status": "Disabled"},
        {"Expiration": {"ExpiredObjectDeleteMarker": True}},
        {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
        {"Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}]},
        {"NoncurrentVersionTransitions": [{"NoncurrentDays": 3, "StorageClass": "GLACIER"}]},
    ],
)
def test_a_rule_that_does_nothing_to_objects_is_none(rule: dict[str, Any]) -> None:
    assert of_s3([{**ON, **rule}]) == ()


def test_a_rule_for_older_versions_says_how_far_back_an_undelete_reaches() -> None:
    expiration = {"NoncurrentDays": 30, "NewerNoncurrentVersions": 5}
    (told,) = of_s3([{**ON, "NoncurrentVersionExpiration": expiration}])

    assert (told.acts, told.forgets) == ("", "after 30 days but for the newest 5")


def test_a_rule_for_large_objects_says_so() -> None:
    size = {"And": {"Prefix": "a/", "ObjectSizeGreaterThan": 1 << 20}}

    assert of_s3([{**ON, **GONE, "Filter": size}])[0].larger_than == 1 << 20


def test_a_rule_without_a_name_has_one() -> None:
    assert of_s3([{"Status": "Enabled", **GONE}])[0].name == "(without a name)"


def test_google_s_rules_are_numbered_and_may_have_several_prefixes() -> None:
    delete = {"type": "Delete"}
    rules: list[dict[str, object]] = [
        {"action": {"type": "SetStorageClass", "storageClass": "ARCHIVE"}, "condition": {"age": 1}},
        {"action": delete, "condition": {"age": 30, "matchesPrefix": ["a/", "b/"]}},
        {"action": delete, "condition": {"numNewerVersions": 3}},
        {"action": delete, "condition": {"isLive": False, "age": 9}},
        {"action": delete, "condition": {"createdBefore": "2026-01-01"}},
        {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 1}},
    ]

    assert of_google(rules) == (
        LifecycleRule("2", ("a/", "b/"), deletes="after 30 days"),
        LifecycleRule("3", forgets="but for the newest 3"),
        LifecycleRule("4", forgets="after 9 days"),
        LifecycleRule("5", deletes="when its condition holds"),
    )
