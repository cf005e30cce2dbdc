import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kled.redact import MASK, RedactingFilter, Redactor, secret_values

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\nxyz\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("AWS_SECRET_ACCESS_KEY", True),
        ("AWS_SESSION_TOKEN", True),
        ("HCLOUD_TOKEN", True),
        ("OS_PASSWORD", True),
        ("S3_SECRET_ACCESS_KEY", True),
        ("AZURE_STORAGE_CONNECTION_STRING", True),
        ("PREFECT_API_AUTH_STRING", True),
        ("AWS_REGION", False),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", False),
        ("PATH", False),
    ],
)
def test_secret_variables_are_known_by_name(name: str, secret: bool) -> None:
    assert bool(secret_values({name: "some-value"})) is secret


def test_short_values_are_not_taken_for_secrets() -> None:
    assert not secret_values({"MY_TOKEN": "true"})


@pytest.mark.parametrize(
    ("text", "leaked"),
    [
        (PEM, "MIIEabc"),
        ("key LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpNSUlFb3dJQkFBS0NBUUVB end", "NSUlFb3dJ"),
        ("id AKIAIOSFODNN7EXAMPLE.", "AKIAIOSFODNN7EXAMPLE"),
        ("Authorization: Bearer abcdefghijklmnop", "abcdefghijklmnop"),
        ("https://user:hunter2@example.com/x", "hunter2"),
        ("password: hunter22", "hunter22"),
        ("db_password=hunter22,", "hunter22"),
        ('{"privateMaterial": "aGVsbG8="}', "aGVsbG8="),
        ("client-key-data: aGVsbG8gd29ybGQ=", "aGVsbG8gd29ybGQ="),
        ("GET /x?X-Amz-Signature=deadbeef&a=1", "deadbeef"),
        ("AGE-SECRET-KEY-1QQQQQQ", "QQQQQQ"),
    ],
)
def test_shapes_of_secrets_are_masked(text: str, leaked: str) -> None:
    assert leaked not in Redactor().text(text)
    assert MASK in Redactor().text(text)


@pytest.mark.parametrize(
    "text",
    [
        "I1123 14:50:37 executor.go:113] Tasks: 95 done / 120 total; 6 can run",
        'Error: cluster not found "a.example.com"',
        "secret/dockerconfig created",
        "-----BEGIN CERTIFICATE-----",
        "https://example.com:443/path@x",
    ],
)
def test_innocent_lines_are_left_alone(text: str) -> None:
    assert Redactor().text(text) == text


def test_a_private_key_that_comes_line_by_line_is_masked() -> None:
    redactor = Redactor()

    lines = [redactor.line(line) for line in ["before", *PEM.splitlines(), "after"]]

    assert lines == ["before", MASK, MASK, MASK, MASK, "after"]


@given(st.text(min_size=6), st.text(), st.text())
def test_a_known_secret_never_survives(secret: str, before: str, after: str) -> None:
    redacted = Redactor([secret]).text(before + secret + after)

    assert secret not in redacted or secret in MASK or secret in before + after + MASK * 2


def test_log_records_lose_secrets_in_message_arguments_and_traceback() -> None:
    record = None
    try:
        raise ValueError("password: inexception")
    except ValueError as error:
        record = logging.LogRecord(
            "x",
            logging.ERROR,
            __file__,
            1,
            "token %s",
            ("topsecret",),
            (type(error), error, error.__traceback__),
        )

    assert RedactingFilter(Redactor(["topsecret"])).filter(record)

    text = logging.Formatter().format(record)
    assert "topsecret" not in text
    assert "inexception" not in text
    assert "ValueError" in text


def test_records_without_a_traceback_pass_too() -> None:
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "fine", None, None)

    assert RedactingFilter(Redactor()).filter(record)
    assert record.getMessage() == "fine"
