"""Credentials are tried by asking who answers: looking at variables says nothing. Fault 33."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from kled.storage import caller, caller_tokens
from kled.storage.azure import caller as caller_azure
from tests.unit.storage.answering import Answer, Asked, answering

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "hush-hush-hush"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIA1", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "eu-west-1"}
IDENTITY = b"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/ops/ada</Arn>
<UserId>AROA:ada</UserId><Account>123456789012</Account></GetCallerIdentityResult>
<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""


def sts_error(code: str) -> bytes:
    return (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    ).encode()


def test_aws_says_who_answers_and_no_secret() -> None:
    with answering(lambda _: Answer(body=IDENTITY)) as server:
        found = caller.ask("aws", {**KEYS, "AWS_ENDPOINT_URL": server.url})

    assert (found.state, found.hint) == ("ok", "")
    assert found.detail == (
        "arn:aws:sts::123456789012:assumed-role/ops/ada in account 123456789012, by its variables"
    )
    assert b"Action=GetCallerIdentity" in server.asked[0].body
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    ("code", "status", "state", "detail", "hint"),
    [
        ("ExpiredToken", 403, "wrong", "have expired", "export AWS_ACCESS_KEY_ID"),
        ("InvalidClientTokenId", 403, "wrong", "does not know the access key", "AWS_PROFILE"),
        ("SignatureDoesNotMatch", 403, "wrong", "refuses the signature", "timedatectl"),
        ("NotImplemented", 501, "not tried", "is no STS", ""),  # another service's S3
    ],
)
def test_what_aws_refuses_is_told_with_the_next_command(
    code: str, status: int, state: str, detail: str, hint: str
) -> None:
    with answering(lambda _: Answer(status, sts_error(code))) as server:
        found = caller.ask("aws", {**KEYS, "AWS_ENDPOINT_URL": server.url})

    assert found.state == state
    assert detail in found.detail
    assert hint in found.hint


def aws_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, config: str) -> None:
    """Let boto3 find nothing but this configuration."""
    (tmp_path / "config").write_text(config)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))


def test_no_aws_credentials_at_all_are_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    aws_files(monkeypatch, tmp_path, "")

    found = caller.ask("aws", {"HOME": str(tmp_path)})

    assert (found.state, found.detail) == ("missing", "there are no AWS credentials")
    assert found.hint.startswith("aws configure sso")


def test_a_profile_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    aws_files(monkeypatch, tmp_path, "")

    found = caller.ask("aws", {"AWS_PROFILE": "prod"})

    assert (found.state, found.detail) == ("wrong", "there is no AWS profile prod")


def test_a_login_that_is_over_is_renewed_by_its_profile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = ('[profile "my prod"]', "sso_session = s", "sso_account_id = 1", "sso_role_name = ops")
    session = ("[sso-session s]", "sso_start_url = https://x.example", "sso_region = eu-west-1")
    aws_files(monkeypatch, tmp_path, "\n".join((*lines, *session)))

    found = caller.ask("aws", {"AWS_PROFILE": "my prod"})

    assert found.state == "wrong"
    assert "has expired" in found.detail
    assert found.hint.startswith("aws sso login --profile='my prod'")


def test_an_sts_that_does_not_answer_is_wrong() -> None:
    found = caller.ask("aws", {**KEYS, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"})

    assert found.state == "wrong"
    assert "AWS does not say who asks" in found.detail


def google_file(tmp_path: Path, token_uri: str) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - a test's
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    document = {
        "type": "service_account",
        "project_id": "acme",
        "client_email": "kled@acme.iam.gserviceaccount.com",
        "token_uri": token_uri,
        "private_key": pem.decode(),
        "private_key_id": "k",
    }
    (tmp_path / "key.json").write_text(json.dumps(document))
    return str(tmp_path / "key.json")


@pytest.mark.parametrize(
    ("status", "said", "state", "detail"),
    [
        (200, {"access_token": SECRET, "expires_in": 60}, "ok", "kled@acme.iam.gserviceaccount"),
        (400, {"error": "invalid_grant", "error_description": "gone"}, "wrong", "have expired"),
    ],
)
def test_google_makes_a_token_or_says_why_not(
    tmp_path: Path, status: int, said: dict[str, object], state: str, detail: str
) -> None:
    def answer(_: Asked) -> Answer:
        return Answer(status, json.dumps(said).encode(), {"Content-Type": "application/json"})

    with answering(answer) as server:
        file = google_file(tmp_path, f"{server.url}/token")
        found = caller.ask("gce", {"GOOGLE_APPLICATION_CREDENTIALS": file})

    assert found.state == state
    assert detail in found.detail
    assert SECRET not in repr(found)
    assert ("application-default login" in found.hint) is (state == "wrong")


@pytest.mark.parametrize("text", ["", "{}", '{"type": "odd"}', "no json"])
def test_a_file_that_holds_no_google_credentials_is_wrong(tmp_path: Path, text: str) -> None:
    (tmp_path / "key.json").write_text(text)

    found = caller.ask("gce", {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "key.json")})

    assert found.state == "wrong"
    assert "GOOGLE_APPLICATION_CREDENTIALS" in found.hint


AZURE = {"AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "app", "AZURE_CLIENT_SECRET": SECRET}


def token(**claims: str) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{body}.{SECRET}"


@pytest.mark.parametrize(
    ("status", "said", "state", "detail", "hint"),
    [
        (200, {"access_token": token(appid="app", tid="t")}, "ok", "app in tenant t", ""),
        (200, {"access_token": SECRET}, "ok", "somebody", ""),
        (
            401,
            {"error_description": "AADSTS7000222: The provided client secret keys are expired."},
            "wrong",
            "the client secret has expired",
            "az ad app credential reset",
        ),
        (400, {"error": "unauthorized_client"}, "wrong", "refuses the credentials", "az ad app"),
        (200, ["no"], "wrong", "is no Azure", "AZURE_AUTHORITY_HOST"),
    ],
)
def test_azure_makes_a_token_or_says_why_not(
    status: int, said: object, state: str, detail: str, hint: str
) -> None:
    with answering(lambda _: Answer(status, json.dumps(said).encode())) as server:
        found = caller_azure.ask({**AZURE, "AZURE_AUTHORITY_HOST": server.url})

    assert found.state == state
    assert detail in found.detail
    assert hint in found.hint
    assert SECRET not in repr(found)


def test_half_a_service_principal_is_wrong_by_its_name() -> None:
    found = caller.ask("azure", {name: AZURE[name] for name in list(AZURE)[:2]})

    assert (found.state, found.detail) == ("wrong", "not set: AZURE_CLIENT_SECRET")


@pytest.mark.parametrize(
    ("status", "said", "state", "detail"),
    [
        (200, {"account": {"email": "ada@example.com"}}, "ok", "accepted: ada@example.com"),
        (200, {"locations": []}, "ok", "the token is accepted"),
        (401, {}, "wrong", "refuses the token"),
        (403, {}, "ok", "may not say whose it is"),
        (503, {}, "wrong", "answers 503"),
    ],
)
def test_a_token_is_tried(status: int, said: object, state: str, detail: str) -> None:
    with answering(lambda _: Answer(status, json.dumps(said).encode())) as server:
        env = {"DIGITALOCEAN_ACCESS_TOKEN": SECRET}
        found = caller_tokens.ask("digitalocean", env, server.url)

    assert found.state == state
    assert detail in found.detail
    assert SECRET not in repr(found)


@pytest.mark.parametrize("bad", [f"{SECRET}\n", f"{SECRET}é", f"{SECRET}\0"])
def test_a_token_that_is_none_is_not_quoted(bad: str) -> None:
    found = caller_tokens.ask("hetzner", {"HCLOUD_TOKEN": bad}, "http://127.0.0.1:9")

    assert found.state == "wrong"
    assert SECRET not in repr(found)
