from pathlib import Path

import pytest

from kled import errors
from kled.kops.failures.causes import CAUSES, CLOUD
from kled.kops.failures.classify import classify
from kled.kops.failures.rejected import REJECTED
from kled.kops.failures.table import FAILURES
from kled.kops.failures.unavailable import UNAVAILABLE
from kled.kops.failures.vain_waits import WatchedLines
from tests.unit.kops.replay import CAPTURES, capture

TABLE = {
    "ApiUnreachable": "21-validate-unreachable 21b-validate-unreachable-wait"
    " 26b-rolling-preview-no-cloudonly 32h-rolling-unreachable-yes"
    " cp-01-validate-fail-api-unresolvable T-dns-valk",
    "ClusterNotReady": "55-validate-notready-json 55-validate-notready-json-wait"
    " 57-rolling-validated-notready cp-07-validate-fail-node-missing-json"
    " cp-19-rolling-update-fail-validate-timeout",
    "ClusterNotFound": "38c-replace-missing 42d-delete-cluster-again E06-cluster-not-found-get"
    " E06b-cluster-not-found-update E06c-cluster-not-found-ig E06d-cluster-not-found-validate"
    " E06h-cluster-not-found-edit",
    "InstanceGroupNotFound": "32g-rolling-unknown-ig 33f-delete-ig-missing E16-get-ig-missing"
    " E16b-edit-ig-missing S07-seed-get-ig-nodes",
    "ResourceNotFound": "35i-create-keypair-unknown 35j-distrust-primary"
    " 40-delete-instance-preview E10c-create-f-missing-file E12-missing-ssh-key-file",
    "ClusterExists": "38h-create-f-exists E07b-already-exists",
    "InstanceGroupExists": "33c-create-ig-exists",
    "VersionRefused": "E09i-old-k8s-version-create E09j-new-k8s-version-create N-kv-new-yes"
    " N-kv-new-prev N-kv-new-reconcile N-kv-patch-prev N-kv-alpha-prev",
    "StateStoreMissing": "C12-memfs-state C12d-azureblob-state C12f-do-state C12l-vault-state"
    " E01-no-state-store E02-nonexistent-bucket E02b-nonexistent-bucket-create"
    " E03-bad-state-scheme E03b-state-no-scheme E03c-state-percent-20 E03d-state-localhost",
    "CredentialsRefused": "C02-gce-dryrun C03d-azure-dryrun-blobstate C04-do-dryrun-notoken"
    " C05-hetzner-dryrun-notoken C06-openstack-dryrun-noenv C07-scaleway-dryrun-noflag"
    " C08-linode-dryrun-noflag C12b-gs-state C12j-swift-state C12k-k8s-state E05-no-s3-creds"
    " E05b-no-aws-creds",
    "NotYetApplied": "E14-export-before-update E14b-get-full-before-update"
    " E14e-instances-before E14f-validate-before",
    "DefinitionRejected": "14b-get-secrets-json 30g-edit-cluster-editor-invalid"
    " N-re-ig-role3 N-kv-odd-prev"
    " 30i-edit-cluster-set-badpath 30j-edit-cluster-set-badvalue 33g-delete-ig-last-cp"
    " 34b-create-secret-dockerconfig-again 38b-replace-invalid C02b-gce-dryrun-noproject"
    " C03-azure-dryrun-noflag C05d-hetzner-badzone C08c-linode-create-nodryrun"
    " C10-unknown-cloud C11-no-cloud-infer E08-invalid-name E09-invalid-zone E09c-no-zones"
    " E09d-even-cp E09g-bad-image E09k-no-default-image"
    " E10-create-f-badyaml E11-unknown-flag E11f-bool-arg"
    " E11h-no-cluster-name E13-bad-phase E13d-bad-duration S01-seed-create"
    " S02-seed-create-dns-public S14-public-create",
    "CloudUnavailable": "23-toolbox-template C02c-gce-dryrun-fakecred C06b-openstack-dryrun"
    " E04-unreachable-endpoint-s3 E09h-no-image-no-channel-net E15-no-assets-net",
    "KopsCrashed": "C04c-do-create-nodryrun",
    "KopsError": "30h-edit-cluster-editor-rc3 33d2-delete-ig-no-yes-eof 41-rolling-sigterm"
    " E04b-unreachable-endpoint-aws",
}
CASES = [(name, kind) for kind, names in TABLE.items() for name in names.split()]
TASK = 'W1124 00:00:00.1 1 executor.go:141] error running task "X/y" (9m59s remaining): '
AWS = "operation error EC2: RunInstances, https response error StatusCode: 400, RequestID: r, "


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_a_captured_failure_is_the_error_that_the_table_says(name: str, kind: str) -> None:
    seen = capture(name)

    error = classify("some verb", seen.returncode, seen.stdout, seen.stderr)

    assert type(error) is getattr(errors, kind)
    assert error.command == "some verb"
    assert error.message
    assert "\n" not in error.message


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("N-kv-new-yes", "1.37.0"),
        ("N-kv-patch-prev", "1.36.3"),
        ("N-kv-alpha-prev", "1.37.0-alpha.1"),
    ],
)
def test_a_kops_that_is_older_than_the_last_is_told_with_both_versions_and_the_way_on(
    name: str, version: str
) -> None:  # fault 34
    seen = capture(name)

    error = classify("update cluster", seen.returncode, seen.stdout, seen.stderr)

    assert f"last updated by kops {version}, and this is kops 1.36.2" in error.message
    assert f"kled kops install --version={version};" in str(error.hint)
    assert "--allow-kops-downgrade" in str(error.hint)


def test_every_row_names_a_capture_or_a_reference() -> None:
    for row in (*FAILURES, *REJECTED, *UNAVAILABLE):
        assert (CAPTURES / row.source).is_dir(), row.source
    for row in CLOUD:
        assert row.source.startswith("https://")


@pytest.mark.parametrize("row", [*FAILURES, *REJECTED, *UNAVAILABLE], ids=lambda row: row.source)
def test_every_row_matches_its_own_capture(row: object) -> None:
    assert row.match(capture(row.source).stderr) is not None  # type: ignore[attr-defined]


def test_an_unknown_failure_keeps_kops_own_words() -> None:
    error = classify("get clusters", 1, "", "I note\nError: the moon is full\n")

    assert type(error) is errors.KopsError
    assert error.message == "the moon is full"
    assert "the moon" in error.stderr


@pytest.mark.parametrize(
    ("code", "stdout", "words"),
    [(-9, "", "by signal 9: it said nothing"), (1, "no?\n", "with status 1: no?")],
)
def test_a_silent_end_says_how_it_ended(code: int, stdout: str, words: str) -> None:
    assert words in classify("update cluster", code, stdout, "").message


@pytest.mark.parametrize("why", ["no space left on device", "read-only file system"])
def test_a_disk_that_takes_nothing_is_named_with_the_file(why: str) -> None:
    error = classify("update cluster", 1, "", f"Error: writing: write /state/c/config: {why}\n")

    assert type(error) is errors.DiskUnusable
    assert error.message == f"kops cannot write /state/c/config: {why}"
    assert type(WatchedLines().cause(f"{TASK}write /tmp/x: {why}")) is errors.DiskUnusable


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (AWS + "api error UnauthorizedOperation: no", errors.PermanentCloudError),
        (AWS + "api error VcpuLimitExceeded: 32", errors.PermanentCloudError),
        (AWS + "api error AddressLimitExceeded: 5", errors.PermanentCloudError),
        (AWS + "api error OptInRequired: subscribe", errors.PermanentCloudError),
        (AWS + "api error InvalidParameterValue: bad cidr", errors.PermanentCloudError),
        (AWS + "api error ExpiredToken: old", errors.CredentialsRefused),
        (AWS + "api error InvalidAMIID.NotFound: ami-1", errors.PermanentCloudError),
        (AWS + "api error InvalidParameter: other networks", errors.PermanentCloudError),
        (AWS + "api error CertificateNotFound: arn", errors.PermanentCloudError),
        (AWS + "api error TooManyLoadBalancers: 50", errors.PermanentCloudError),
        (
            AWS + "api error ValidationError: You must use a valid fully-formed launch template."
            " The image id '[ami-1]' does not exist",
            errors.PermanentCloudError,
        ),
        ("Field cannot be changed: InstanceGroup", errors.DefinitionRejected),
        ("InternetGateway for shared VPC was not found", errors.DefinitionRejected),
        ("subnet changes on LoadBalancer not yet implemented: a", errors.DefinitionRejected),
        ("googleapi: Error 400: Invalid value for field 'x', invalid", errors.PermanentCloudError),
        (
            "googleapi: Error 404: The resource 'projects/p/global/images/i' was not found",
            errors.PermanentCloudError,
        ),
        ("but got 409 instead: OverQuota", errors.PermanentCloudError),
        ("googleapi: Error 403: Quota 'CPUS' exceeded, quotaExceeded", errors.PermanentCloudError),
        ("AADSTS7000215: invalid secret", errors.CredentialsRefused),
        ("AuthorizationFailed: no role", errors.PermanentCloudError),
        ("server limit (resource_limit_exceeded, 1a)", errors.PermanentCloudError),
        ("scaleway-sdk-go: insufficient permissions: write", errors.PermanentCloudError),
    ],
)
def test_waiting_for_a_refusal_is_in_vain(said: str, kind: type[errors.KopsError]) -> None:
    found = WatchedLines().cause(TASK + said)

    assert type(found) is kind
    assert not found.retryable


@pytest.mark.parametrize(
    "said",
    [
        AWS + "api error RequestLimitExceeded: slow",
        AWS + "api error InsufficientInstanceCapacity: none left",
        AWS + "api error InvalidParameterValue: Invalid IAM Instance Profile name",
        AWS + "api error InvalidSubnetID.NotFound: not yet",
        AWS + "api error ValidationError: You must use a valid fully-formed launch template. Value"
        " (nodes) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile",
        AWS + "api error ValidationError: Provided Load Balancers may not be valid. Please ensure",
        AWS + "api error DependencyViolation: has dependencies",
        "googleapi: Error 400: The resource 'x' is not ready, resourceNotReady",
        "googleapi: Error 400: The referenced network resource cannot be found., invalid",
        "ZONE_RESOURCE_POOL_EXHAUSTED: try another zone",
        "the server is locked (locked, 1a)",
        "googleapi: Error 403: rateLimitExceeded",
        'Get "https://api.hetzner.cloud/v1/networks": dial tcp: no such host',
        "https response error StatusCode: 503",
    ],
)
def test_what_time_may_cure_is_left_to_kops(said: str) -> None:
    assert WatchedLines().cause(TASK + said) is None


def test_the_captured_stderr_of_a_waiting_kops_has_no_permanent_cause() -> None:
    lines = capture("C05c-hetzner-create-nodryrun").stderr.splitlines()

    assert [WatchedLines().cause(line) for line in lines] == [None] * len(lines)


def test_a_line_that_reports_no_retry_is_no_cause() -> None:
    assert WatchedLines().cause("api error UnauthorizedOperation: no") is None


def test_a_deletion_that_is_denied_is_in_vain() -> None:
    line = "vpc:vpc-1\terror deleting resources, will retry: api error UnauthorizedOperation: no"

    assert type(WatchedLines().cause(line)) is errors.PermanentCloudError


def test_a_refusal_of_the_cloud_outweighs_the_definition_that_quotes_it() -> None:
    said = (
        'Error: x.spec.image: Invalid value: "ami-1": error listing images: operation error EC2:'
        " DescribeImages, https response error StatusCode: 403, RequestID: r,"
        " api error UnauthorizedOperation: You are not authorized"
    )

    assert type(classify("create cluster", 1, "", said)) is errors.PermanentCloudError


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (AWS + "api error RequestLimitExceeded: slow", errors.Throttled),
        ("https response error StatusCode: 503, RequestID: r", errors.CloudUnavailable),
        ("deadline exceeded executing task X. Example error: odd", errors.CloudUnavailable),
    ],
)
def test_the_last_error_may_be_worth_another_try(said: str, kind: type[errors.KopsError]) -> None:
    found = classify("update cluster", 1, "", f"Error: error running tasks: {said}\n")

    assert type(found) is kind
    assert found.retryable


def test_what_a_store_does_not_offer_is_not_waited_for() -> None:
    said = (
        "Error: error writing s3://b/c.example.com/config: operation error S3: PutObject, https"
        " response error StatusCode: 501, RequestID: r, HostID: h, api error NotImplemented:"
        " Server side encryption specified but KMS is not configured"
    )

    error = classify("create cluster", 1, "", said)

    assert type(error) is errors.PermanentCloudError
    assert "Server side encryption specified but KMS is not configured" in error.message
    assert "MINIO_KMS_SECRET_KEY" in str(error.hint)
    assert type(classify("get clusters", 1, "", "Error: StatusCode: 501, RequestID: r")) is (
        errors.KopsError
    )


def test_causes_are_never_retryable() -> None:
    assert not any(row.error.retryable for row in CAUSES)


def test_captures_are_where_they_are_expected() -> None:
    assert Path(CAPTURES).is_dir()


AZURE = (
    f"W1123 15:06:14.000000       1 executor.go:141] {TASK}PUT https://management.azure.com/x",
    "-" * 80,
    "RESPONSE 403: 403 Forbidden",
    "ERROR CODE: AuthorizationFailed",
    "-" * 80,
    "{",
)


def test_an_error_of_several_lines_belongs_to_its_headline() -> None:
    waiting = WatchedLines()

    found = [waiting.cause(line) for line in AZURE]

    assert [error is not None for error in found] == [False, False, False, True, True, True]
    assert "AuthorizationFailed" in str(found[3])


def test_an_error_of_several_lines_may_be_one_that_time_cures() -> None:
    waiting = WatchedLines()
    lines = [*AZURE[:2], "RESPONSE 429: 429 Too Many Requests", "ERROR CODE: QuotaExceeded"]

    assert [waiting.cause(line) for line in lines] == [None] * 4


def test_what_kops_says_after_an_error_is_no_part_of_it() -> None:
    waiting = WatchedLines()
    progress = "I1123 15:06:14.000000       1 executor.go:113] Tasks: 1 done"

    assert [waiting.cause(line) for line in (AZURE[0], progress, AZURE[3])] == [None] * 3


@pytest.mark.parametrize(
    "said",
    [
        'NS records not found for "example.com" - please make sure they are correctly configured',
        'cannot find DNS Zone "example.com".  Please pre-create the zone and set up NS records',
        'found multiple DNS Zones matching "example.com"',
    ],
)
def test_a_dns_zone_that_cannot_be_used_is_no_trouble_that_passes(said: str) -> None:
    """Kops' other words of the kind (dns.go of kops 1.36.2)."""
    error = classify("create cluster", 1, "", f"I note\nError: {said}\n")  # fault 68

    assert type(error) is errors.DefinitionRejected
    assert "--dns=none" in str(error.hint)


def test_a_name_server_that_does_not_answer_is_one() -> None:
    said = 'error doing DNS lookup for NS records for "a.com": lookup a.com on 10.0.0.2:53: '

    error = classify("update cluster", 1, "", f"Error: {said}read udp: i/o timeout\n")

    assert type(error) is errors.CloudUnavailable
    assert "--dns" not in str(error.hint)


def test_a_directory_with_a_blank_is_named_whole() -> None:
    stderr = "Error: error reading state store: open /srv/a b: no such file or directory\n"
    told = classify("get clusters", 1, "", stderr).message
    assert "the state store /srv/a b is not there" in told


def test_a_channel_that_cannot_be_loaded_is_helped_by_another_channel() -> None:
    """A mirror of kops' files has no effect on it."""
    seen = capture("E09h-no-image-no-channel-net")

    error = classify("some verb", seen.returncode, seen.stdout, seen.stderr)

    assert "channels/stable" in error.message
    assert "--channel=URL" in str(error.hint)
    assert "KOPS_BASE_URL" not in str(error.hint)
