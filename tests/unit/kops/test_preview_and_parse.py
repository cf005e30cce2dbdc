import pytest

from kled.errors import InvalidInput, OutputUnreadable, VersionRefused
from kled.kops import parse, preview
from kled.kops.facts.versions import check, check_state_store
from kled.models.version import KopsVersion
from tests.unit.kops.replay import capture


def out(name: str) -> str:
    return capture(name).stdout


def test_a_version_says_its_number_commit_and_whether_it_is_simulated() -> None:
    real = parse.version(out("01-version"))
    simulated = parse.version("Client version: 1.36.2 (git-f336152672) (simulated)\n")

    assert (real.number, real.commit, real.simulated) == ("1.36.2", "git-f336152672", False)
    assert simulated.simulated
    assert str(simulated) == "1.36.2 (simulated)"
    assert real.as_json()["number"] == "1.36.2"


@pytest.mark.parametrize(
    ("number", "advice"), [("1.36.9", None), ("1.37.0", "newer"), ("1.35.0", "older")]
)
def test_other_versions_get_advice(number: str, advice: str | None) -> None:
    found = check(KopsVersion(number))

    assert (found is None) if advice is None else (found is not None and advice in found)


def test_a_version_that_is_too_old_is_refused() -> None:
    with pytest.raises(VersionRefused, match="too old"):
        check(KopsVersion("1.33.0"))


def test_clusters_are_read_whether_one_or_many() -> None:
    (one,) = parse.clusters(out("11c-get-cluster-json"))
    two = parse.clusters(out("38k-get-clusters-two-json"))

    assert (one.name, one.cloud, one.zones, one.networking) == (
        "demo.k8s.local",
        "aws",
        ("us-east-1a",),
        "cilium",
    )
    assert [each.name for each in two] == sorted(each.name for each in two)
    assert one.as_json()["zones"] == ["us-east-1a"]


def test_lists_are_read() -> None:
    groups = parse.instance_groups(out("12b-get-ig-json"))
    machines = parse.instances(out("17b-get-instances-json"))
    pairs = parse.keypairs(out("35d-get-keypairs"))
    secrets = parse.secrets(out("34f-get-secrets"))

    assert [(each.name, each.role, each.max_size) for each in groups] == [
        ("control-plane-us-east-1a", "control-plane", 1),
        ("nodes-us-east-1a", "node", 2),
    ]
    assert machines[0].roles == ("control-plane",)
    assert [pair.primary for pair in pairs] == [False, True]
    assert {each.type for each in secrets} == {"token", "dockerconfig", "encryptionconfig"}
    for kind in (groups, machines, pairs, secrets):
        assert all(each.as_json() for each in kind)


def test_a_stored_definition_equals_its_dry_run_but_for_names() -> None:
    stored = parse.definition(out("13b-get-all-yaml"))
    again = parse.definition(out("13c-get-name-yaml"))

    assert stored.differences(again) == ()
    assert stored.group_names == ("control-plane-us-east-1a", "nodes-us-east-1a")
    assert parse.definition(stored.as_yaml()).differences(stored) == ()


def test_the_last_of_several_validations_counts() -> None:
    report = parse.validation(out("cp-08-validate-fail-wait-timeout-json"))

    assert not report.ready
    assert [failure.kind for failure in report.failures] == ["Machine"]
    assert report.failures[0].instance_group == "nodes-us-east-1a"
    assert report.as_json()["ready"] is False
    assert parse.validation(out("cp-05-validate-success-wait-count")).ready


def test_two_previews_of_the_same_changes_have_one_digest() -> None:
    created = preview.update_plan("demo.k8s.local", out("02-create-cluster"))
    previewed = preview.update_plan("demo.k8s.local", out("02b-update-cluster-preview-all-new"))

    assert created.digest == previewed.digest
    assert created.count("create") == len(created.changes) == 111
    assert created.changes != previewed.changes  # kops prints tags in a random order


def test_a_modification_shows_old_and_new_and_text_differences() -> None:
    plan = preview.update_plan("demo.k8s.local", out("31-update-preview-modified"))

    fields = {change.name: change.fields for change in plan.changes}
    assert fields["nodes-us-east-1a.demo.k8s.local"] == {"InstanceType": "t3.medium -> m5.large"}
    assert "+   generation: 2" in fields["cluster-completed.spec"]["Contents"]
    assert plan.as_json()["digest"] == plan.digest


def test_no_changes_are_an_empty_plan() -> None:
    assert preview.update_plan("c", out("04-update-cluster-preview-nochange")).is_empty


def test_items_that_an_update_deletes_are_read() -> None:
    text = "Will delete items:\n  SecurityGroupRule    sg-1: port=443\nMust specify --yes\n"

    (change,) = preview.update_plan("c", text).changes

    assert (change.action, change.kind, change.name) == (
        "delete",
        "SecurityGroupRule",
        "sg-1: port=443",
    )


def test_a_deletion_names_every_resource_and_the_definition() -> None:
    plan = preview.delete_plan("demo.k8s.local", out("07-delete-preview"))

    assert plan.changes[-1].kind == "definition"
    assert plan.changes[-2].fields["id"] == "vpc-83faca6ed4147cfa0"
    assert plan.count("delete") == 31


def test_rolling_tables_are_read_with_and_without_nodes() -> None:
    cloudonly = preview.rolling_plan("c", out("32-rolling-preview-needupdate"))
    asked = preview.rolling_plan("c", out("cp-16-rolling-update-preview-needed"))

    assert not cloudonly.is_empty
    assert [row.nodes for row in cloudonly.rows] == [None, None]
    assert [(row.need_update, row.nodes) for row in asked.rows] == [(0, 1), (2, 2)]
    assert preview.rolling_plan("c", out("E14g-rolling-before")).is_empty
    assert asked.as_json()["cluster"] == "c"


def test_upgrades_are_read() -> None:
    (change,) = preview.upgrade_plan("c", out("25d-upgrade-preview-changes")).changes

    assert change.fields == {"KubernetesVersion": "1.35.0 -> 1.35.5"}
    assert preview.upgrade_plan("c", out("25c-upgrade-newer")).is_empty


@pytest.mark.parametrize(
    "read",
    [
        parse.version,
        parse.clusters,
        parse.instance_groups,
        parse.instances,
        parse.keypairs,
        parse.secrets,
        parse.definition,
        parse.validation,
        lambda text: parse.mapping("dump", text),
        lambda text: preview.update_plan("c", text),
        lambda text: preview.delete_plan("c", text),
        lambda text: preview.upgrade_plan("c", text),
        lambda text: preview.rolling_plan(
            "c", f"NAME STATUS NEEDUPDATE READY MIN TARGET MAX\n{text}\n"
        ),
    ],
)
def test_an_unknown_form_is_unreadable(read: object) -> None:
    with pytest.raises(OutputUnreadable, match="cannot be read"):
        read("something: [else")  # type: ignore[operator]


def test_secrets_may_be_none() -> None:
    assert parse.secrets("[]") == ()


@pytest.mark.parametrize("url", ["ftp://bucket", "bucket", ""])
def test_what_is_no_state_store_is_refused_with_those_that_are(url: str) -> None:
    with pytest.raises(InvalidInput, match="is of no kind that kops knows") as caught:
        check_state_store(url)

    assert "s3://" in str(caught.value.hint)


@pytest.mark.parametrize("url", ["s3://bucket", "gs://bucket/a", "file:///srv/state", "/srv/state"])
def test_a_state_store_of_a_known_kind_is_taken(url: str) -> None:
    check_state_store(url)
