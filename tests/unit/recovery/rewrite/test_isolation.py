"""One name in one account is two sides of one cluster, unless somebody says what parts them."""

import dataclasses
from typing import Any

import pytest

from kled.errors import InvalidInput, NotApproved
from kled.recovery.rewrite import Former, InstanceProfiles, rewrite
from tests.unit.recovery.rewrite.definitions import CLOUDS, GONE, OLD, definition, edited, read

AWS = dataclasses.replace(CLOUDS["aws"], iam_isolation=None)
PROFILES = InstanceProfiles(
    {
        role: f"arn:aws:iam::111111111111:instance-profile/eu-{role.lower()}"
        for role in ("Master", "Node", "Bastion")
    }
)


@pytest.mark.parametrize(
    "accounts",
    [
        {},
        {"account": "111111111111", "former": Former(account="111111111111")},
        {"account": "222222222222"},
        {"former": Former(account="111111111111")},
    ],
)
def test_another_region_of_one_account_is_refused(accounts: dict[str, Any]) -> None:
    with pytest.raises(NotApproved, match="would exist twice in one account") as refused:
        rewrite(*definition("private"), dataclasses.replace(AWS, **accounts))

    assert "gone for good" in str(refused.value.hint)
    assert refused.value.exit_code == 6


@pytest.mark.parametrize(
    ("name", "cloud", "word"),
    [("ha_gce", "gce", "project"), ("gossip-azure", "azure", "subscription")],
)
def test_so_is_one_of_a_project_or_subscription(name: str, cloud: str, word: str) -> None:
    target = dataclasses.replace(CLOUDS[cloud], iam_isolation=None)

    with pytest.raises(NotApproved, match=f"twice in one {word}"):
        rewrite(*definition(name, cloud), target)


def test_another_account_needs_no_statement() -> None:
    target = dataclasses.replace(AWS, account="222222222222", former=Former(account="111111111111"))

    assert rewrite(*definition("private"), target).changes


def test_one_region_needs_none() -> None:
    target = dataclasses.replace(AWS, region="us-test-1", zones={}, state_store="s3://other")

    assert rewrite(*definition("private"), target).changes


def test_what_a_person_states_is_kept_with_the_result() -> None:
    rewritten = rewrite(*definition("private"), dataclasses.replace(AWS, iam_isolation=GONE))

    assert rewritten.statement == "its account is closed"
    assert rewritten.as_json()["statement"] == "its account is closed"


def test_first_profiles_keep_nothing_apart() -> None:
    with pytest.raises(NotApproved, match="the roles that kops made for the old side"):
        rewrite(*definition("private"), dataclasses.replace(AWS, iam_isolation=PROFILES))


def test_another_account_may_have_profiles() -> None:
    target = dataclasses.replace(
        CLOUDS["aws"],
        account="222222222222",
        former=Former(account="111111111111"),
        iam_isolation=InstanceProfiles(
            {
                role: arn.replace("111111111111", "222222222222")
                for role, arn in PROFILES.by_role.items()
            }
        ),
    )

    rewritten = rewrite(*definition("private"), target)

    assert {
        group["spec"]["role"]: group["spec"]["iam"]["profile"].rpartition("/")[2]
        for group in rewritten.documents()[1:]
    } == {"Master": "eu-master", "Node": "eu-node", "Bastion": "eu-bastion"}
    assert any("rights in the new state store" in line for line in rewritten.differs)


def test_other_profiles_take_the_place_of_those_that_were_there() -> None:
    cluster, groups = definition("existing_iam")

    rewritten = rewrite(cluster, groups, dataclasses.replace(AWS, iam_isolation=PROFILES))

    assert {group["spec"]["iam"]["profile"] for group in rewritten.documents()[1:]} == {
        PROFILES.by_role["Master"],
        PROFILES.by_role["Node"],
    }


def test_each_role_needs_a_profile_of_its_own() -> None:
    missing = InstanceProfiles({"Master": "arn:aws:iam::1:instance-profile/a"})
    shared = InstanceProfiles(dict.fromkeys(PROFILES.by_role, "arn:aws:iam::1:instance-profile/a"))

    with pytest.raises(InvalidInput, match="no instance profile for Node"):
        rewrite(*definition("existing_iam"), dataclasses.replace(AWS, iam_isolation=missing))
    with pytest.raises(InvalidInput, match="two roles have one instance profile"):
        rewrite(*definition("existing_iam"), dataclasses.replace(AWS, iam_isolation=shared))


def test_profiles_do_not_keep_roles_of_service_accounts_apart() -> None:
    with pytest.raises(InvalidInput, match="roles of service accounts"):
        rewrite(*definition("irsa"), dataclasses.replace(AWS, iam_isolation=PROFILES))


def test_other_clouds_have_no_profiles() -> None:
    target = dataclasses.replace(CLOUDS["gce"], iam_isolation=PROFILES)

    with pytest.raises(InvalidInput, match="gce has no instance profiles"):
        rewrite(*definition("ha_gce", "gce"), target)


def test_profiles_that_others_made_already_are_nobodys_to_delete() -> None:
    rewritten = rewrite(*definition("existing_iam"), AWS)

    assert rewritten.undecided == ()
    assert any("rights in the new state store" in line for line in rewritten.differs)


DISCOVERY = {
    "serviceAccountIssuerDiscovery": {
        "discoveryStore": f"{OLD}/private.example.com/discovery/x",
        "enableAWSOIDCProvider": True,
    }
}


def test_keys_of_service_accounts_are_published_elsewhere() -> None:
    cluster, groups = definition("private")
    cluster = edited(cluster, **DISCOVERY)
    issuer = "https://acme-state.s3.example.com/discovery/x"
    target = dataclasses.replace(CLOUDS["aws"], discovery_store="s3://acme-public-eu/x")

    (unsaid,) = rewrite(cluster, groups, CLOUDS["aws"]).undecided
    (no_issuer,) = rewrite(cluster, groups, target).undecided
    told = rewrite(
        cluster,
        groups,
        dataclasses.replace(target, former=Former(issuer=issuer)),
    )
    spec = read(told.objects()["config"])["spec"]

    assert unsaid.option == "discovery_store"
    assert no_issuer.option == "former.issuer"
    assert spec["serviceAccountIssuerDiscovery"]["discoveryStore"] == "s3://acme-public-eu/x"
    assert spec["kubeAPIServer"]["additionalServiceAccountIssuers"] == [issuer]
    assert any("another issuer" in line for line in told.differs)


def test_a_move_of_the_store_leaves_the_published_keys_to_a_person() -> None:
    cluster, groups = definition("private")
    target = dataclasses.replace(AWS, region="us-test-1", zones={}, resources={})

    rewritten = rewrite(edited(cluster, **DISCOVERY), groups, target)
    (undecided,) = rewritten.undecided

    assert undecided.field == "spec.serviceAccountIssuerDiscovery.discoveryStore"
    assert undecided.option == "discovery_store"
    assert [each.field for each in rewritten.changes if "spec." in each.field] == [
        "spec.configBase"
    ]


def test_a_definition_that_has_no_place_for_an_issuer_is_refused() -> None:
    cluster, groups = definition("private")
    target = dataclasses.replace(
        CLOUDS["aws"], discovery_store="s3://acme-public-eu/x", former=Former(issuer="https://x")
    )

    with pytest.raises(InvalidInput, match="additionalServiceAccountIssuers"):
        rewrite(edited(cluster, **DISCOVERY, kubeAPIServer="none"), groups, target)


def test_googles_issuer_follows_from_its_bucket() -> None:
    cluster, groups = definition("private_gce", "gce")
    cluster = edited(
        cluster, serviceAccountIssuerDiscovery={"discoveryStore": "gs://public/private"}
    )
    target = dataclasses.replace(CLOUDS["gce"], discovery_store="gs://public-eu/private")

    spec = read(rewrite(cluster, groups, target).objects()["config"])["spec"]

    assert spec["kubeAPIServer"]["additionalServiceAccountIssuers"] == [
        "https://storage.googleapis.com/public/private"
    ]


def test_an_issuer_of_its_own_stays() -> None:
    cluster, groups = definition("private")
    own = {"kubeAPIServer": {"serviceAccountIssuer": "https://issuer.example.com"}}
    target = dataclasses.replace(CLOUDS["aws"], discovery_store="s3://acme-public-eu/x")

    rewritten = rewrite(edited(cluster, **DISCOVERY, **own), groups, target)

    assert read(rewritten.objects()["config"])["spec"]["kubeAPIServer"] == own["kubeAPIServer"]
    assert not any("another issuer" in line for line in rewritten.differs)
