"""A cluster whose API cannot be asked is not ready, whatever stands in the way. Fault 67."""

import pytest

from kled import errors
from kled.kops import parse
from kled.kops.failures.classify import classify
from kled.kops.failures.placeholder import address
from kled.operations.health.validate_cluster import not_ready
from tests.unit.kops.replay import capture

_VALIDATION = "Error: validation failed: unexpected error during validation: "
_GET = 'Get "https://api.c.example.com/api/v1/nodes": '
_DNS = "unable to resolve Kubernetes cluster API URL dns: lookup api.c.example.com on 10.0.0.2:53: "


def test_a_name_that_does_not_resolve_yet_is_not_ready() -> None:
    seen = capture("T-dns-valk")

    error = classify("validate cluster", seen.returncode, seen.stdout, seen.stderr)

    assert (type(error), error.exit_code, error.retryable) == (errors.ApiUnreachable, 3, True)
    assert "API cannot be resolved: lookup api.d.dns.example.net" in error.message
    assert "check that the zone is delegated" in str(error.hint)


@pytest.mark.parametrize(
    "said",
    [
        f"{_VALIDATION}{_DNS}server misbehaving",
        f"{_VALIDATION}{_DNS}read udp 10.0.0.9:5353->10.0.0.2:53: i/o timeout",
        f"{_VALIDATION}error listing nodes: {_GET}dial tcp 192.0.2.7:443: connection refused",
        f"{_VALIDATION}error listing nodes: {_GET}dial tcp 192.0.2.7:443: i/o timeout",
        f"{_VALIDATION}error listing nodes: {_GET}net/http: TLS handshake timeout",
        f"{_VALIDATION}error listing nodes: {_GET}tls: failed to verify certificate: x509: unknown",
        f"{_VALIDATION}error listing nodes: {_GET}EOF",
        # the next of its kind: the API that answered for the nodes is gone for the pods
        f'{_VALIDATION}cannot get pod health for "c.example.com": error listing Pods: {_GET}EOF',
        f"Error: error listing nodes in cluster: {_GET}dial tcp: lookup api.c: no such host",
        f"Error: listing nodes in cluster: {_GET}dial tcp: lookup api.c: no such host",
        (
            f"W1 (will retry): unexpected error during validation: {_DNS}no such host\n"
            "Error: validation failed: wait time exceeded during validation"
        ),
    ],
)
def test_whatever_stands_in_the_way_to_an_api_is_not_ready(said: str) -> None:
    error = classify("some verb", 1, "", f"{said}\n")

    assert (type(error), error.exit_code) == (errors.ApiUnreachable, 3)


@pytest.mark.parametrize(
    "said",
    [
        "error reading state store: dial tcp: lookup bucket.s3.example.com: no such host",
        'error listing InstanceGroups: Get "https://s3.example.com/": dial tcp: no such host',
    ],
)
def test_a_store_whose_name_does_not_resolve_says_nothing_of_the_cluster(said: str) -> None:
    error = classify("validate cluster", 1, "", f"Error: {said}\n")

    assert (type(error), error.exit_code) == (errors.CloudUnavailable, 1)
    assert error.retryable


def test_the_placeholder_of_dns_is_told_in_one_line_with_what_writes_over_it() -> None:
    report = parse.validation(capture("T-dns-phj").stdout)

    error = not_ready("c.example.com", report)

    assert error.exit_code == 3
    assert error.message == (
        'cluster "c.example.com" is not healthy:'
        " the name of its API still has the placeholder address 203.0.113.123"
    )
    assert "5 to 10 minutes" in str(error.hint)
    assert "\n" not in report.failures[0].message


@pytest.mark.parametrize("there", ["203.0.113.123", "[fd00:dead:add::]"])
def test_who_dials_the_placeholder_is_told_of_it(there: str) -> None:
    said = f"Error: error listing nodes in cluster: {_GET}dial tcp {there}:443: i/o timeout\n"

    error = classify("rolling-update cluster", 1, "", said)

    assert type(error) is errors.ApiUnreachable
    assert "is the placeholder that kops puts into DNS" in str(error.hint)


@pytest.mark.parametrize("other", ["203.0.113.12", "1203.0.113.123", "203.0.113.1234", "fd00:dead"])
def test_other_addresses_are_no_placeholder(other: str) -> None:
    assert address(f"dial tcp {other}:443") is None
