"""Each shape of a secret goes, and what only looks like one stays. Fault 56."""

import base64
import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kled.redact import MASK, Redactor
from kled.redact.secret_shapes import SHAPES

CAPTURES = Path(__file__).parents[1] / "captures" / "kops"
HEX = "0123456789abcdef" * 4
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\nxyz\n-----END RSA PRIVATE KEY-----"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJrbGVkIn0.c2lnbmF0dXJl-_x"
BCRYPT = "$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


LEAKS: list[tuple[str, str, str]] = [
    # shape, text, what must go
    ("private key", PEM, "MIIEabc"),
    ("private key", json.dumps({"private_key": PEM, "client_email": "a@b"}), "MIIEabc"),
    ("private key", "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq", "MIIEvQIBADANBgkq"),
    ("private key", PEM.replace("RSA", "OPENSSH"), "MIIEabc"),
    ("private key", PEM.replace("RSA ", "ENCRYPTED "), "MIIEabc"),
    ("secret in base64", f"key {encoded(PEM)} end", encoded(PEM)[30:60]),
    ("secret in base64", "x " + encoded("a: password: hunter22"), encoded("hunter22")[:6]),
    ("secret in base64", encoded("c" * 50 + PEM), encoded("c" * 50 + PEM)[-20:-4]),
    ("age identity", "AGE-SECRET-KEY-1QQQQQQ", "QQQQQQ"),
    ("age identity", "AGE-PLUGIN-YUBIKEY-1QQQQQQ", "QQQQQQ"),
    ("header of credentials", "Authorization: Bearer abcdefghijklmnop", "abcdefghijklmnop"),
    ("header of credentials", "Authorization: Basic YTpi", "YTpi"),
    ("header of credentials", "{'Authorization': 'Token abc'}", "abc"),
    ("header of credentials", "(b'authorization', b'Basic YWRtaW46')", "YWRtaW46"),
    ("header of credentials", '{\\"Authorization\\":\\"Bearer abc\\"}', "abc"),
    (
        "header of credentials",
        f"Authorization: AWS4-HMAC-SHA256 Credential=AKIAX/us, Signature={HEX}",
        HEX,
    ),
    ("bare header of credentials", "Authorization: 0123456789abcdefgh", "0123456789abcdefgh"),
    ("credentials", "sent Bearer abcdefghijkl1", "abcdefghijkl1"),
    ("credentials", "as basic YWRtaW46aHVudGVyMg==", "YWRtaW46"),
    ("cookie", "Set-Cookie: session=abcdefg; Path=/", "abcdefg"),
    ("password in a URL", "https://user:hunter2@example.com/x", "hunter2"),
    ("password in a URL", "postgres://user:p@ss@host/x", "ss"),
    ("password in a URL", "redis://:hunter2@host", "hunter2"),
    ("password in an encoded URL", "to=https%3A%2F%2Fu%3Ahunter2%40host", "hunter2"),
    ("token in a URL", "https://abcdefghij0123456789@github.com/x", "abcdefghij0123456789"),
    ("signed URL", "GET /x?X-Amz-Signature=deadbeef&a=1", "deadbeef"),
    ("signed URL", "/x?X-Amz-Security-Token=IQoJb3&a=1", "IQoJb3"),
    ("signed URL", "/x%3FX-Amz-Signature%3Ddeadbeef%26a", "deadbeef"),
    ("signed URL", "https://a.blob.core.windows.net/c?sv=2022&sig=ab%2Bc%3D&se=1", "ab%2Bc"),
    ("shared access signature", "sv=2022\nsig=abcdefghij%2B0123456789%3D", "abcdefghij"),
    ("webhook", "https://hooks.slack.com/services/T000/B000/XXXXXXXX", "XXXXXXXX"),
    ("parameter of a URL", "GET /x?access_token=abc&a=1", "abc"),
    (
        "connection string",
        "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=abc+/==;EndpointSuffix=x",
        "abc+/==",
    ),
    ("connection string", "Server=x;Uid=sa;Pwd=hunter2;", "hunter2"),
    ("connection string", "Endpoint=sb://x/;SharedAccessKey=abc=;EntityPath=q", "abc="),
    ("AWS key", "id AKIAIOSFODNN7EXAMPLE.", "AKIAIOSFODNN7EXAMPLE"),
    ("AWS key", "X-Amz-Credential%3DASIAIOSFODNN7EXAMPLE%2F2026", "ASIAIOSFODNN7EXAMPLE"),
    ("GitHub token", "with ghp_abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghij"),
    ("GitHub token", "gho_abcdefghijklmnopqrst", "abcdefghij"),
    ("GitHub token", "github_pat_11ABCDEFG0abcdefghij_klmnop", "klmnop"),
    ("GitLab token", "glpat-abcdefghij0123456789", "abcdefghij"),
    ("Slack token", "xoxb-123456789012-abcdefghijkl", "abcdefghijkl"),
    ("JSON web token", f"got {JWT}", "c2lnbmF0dXJl"),
    ("Prefect key", "key pnu_abcdefghijklmnop0123456789", "abcdefghij"),
    ("Prefect key", "key pnb_abcdefghijklmnop0123456789", "abcdefghij"),
    ("Vault token", "hvs.CAESIabcdefghijklmnop", "abcdefghij"),
    ("npm token", "npm_abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghij"),
    ("Google key", "AIzaSyA0123456789abcdefghijklmnopqrstu", "0123456789"),
    ("Google key", "ya29.a0AfH6SMBabcdefghij", "abcdefghij"),
    ("DigitalOcean token", f"dop_v1_{HEX}", HEX),
    ("Docker token", "dckr_pat_abcdefghijklmnop", "abcdefghij"),
    ("PyPI token", "pypi-AgEIcHlwaS5vcmcCJGFiY2RlZmdoaWprbG1u", "cHlwaS5vcmc"),
    ("Grafana token", "glsa_abcdefghijklmnopqrstuvwx_01234567", "abcdefghij"),
    ("password's hash", f"admin:{BCRYPT}", "N9qo8uLOickgx2"),
    ("password's hash", "admin:$apr1$abcdefgh$abcdefghijklmnopqrstuv", "abcdefghijklmnop"),
    ("password's hash", "{SHA}fEqNCco3Yq9h5ZUglD3CZJT4lBs=", "fEqNCco3"),
    ("earlier value", "edited: spec.cloudLabels.token: hunter2 -> (none)", "hunter2"),
    ("later value", "edited: spec.cloudLabels.token: (none) -> hunter2; a: 1", "hunter2"),
    ("later value", "spec.cloudLabels.token: null -> hunter2", "hunter2"),
    ("later value", 'token: "" -> correct horse battery', "battery"),
    ("value in the lines below", "a: 1\npassword: |\n  hunter2\n  more\nb: 2", "hunter2"),
    ("value in the lines below", "- client-secret: >-\n    hunter2\n\n    more\nb: 2", "more"),
    ("value to the end of its line", "passphrase: correct horse battery", "battery"),
    ("value", "db_password=hunter22,", "hunter22"),
    ("value", 'x password = "hun ter\\"2" y', "ter"),
    ("value", "x token: 'it''s' y", "it''s"),
    ("value", '{"privateMaterial": "aGVsbG8="}', "aGVsbG8="),
    ("value", 'x {"token":"abc\n def"} y', "def"),
    ("value", '{\\"password\\":\\"hunter2\\"}', "hunter2"),
    ("value", 'x token: "cut off', "cut off"),
    ("value to the end of its line", "client-key-data: aGVsbG8gd29ybGQ=", "aGVsbG8gd29ybGQ="),
    ("value", "kubectl --token=abcd get", "abcd"),
    ("value", "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG", "wJalrXUtnFEMI"),
    ("value", "aws_session_token = IQoJb3JpZ2luX2VjE", "IQoJb3"),
    ("value to the end of its line", "PRIVATE-TOKEN: abcd", "abcd"),
    ("value", "x token%3Dabcd y", "abcd"),
    ("value", "//registry.npmjs.org/:_authToken=abcd", "abcd"),
    ("value", "DB_PASS=hunter2", "hunter2"),
    ("value to the end of its line", "password: \x1b[31mhunter2\x1b[0m", "hunter2"),
    ("value to the end of its line", "\x1b[1mtok\x1b[0men\x1b[2m: hun\x1b[0mter2", "ter2"),
    ("value among others", "{password: hunter, user: me}", "hunter"),
    ("value among others", "I1124 main.go:1] password: hunter", "hunter"),
    ("value in prose", "the server says that the token: abcd1234 is old", "abcd1234"),
    ("option", "kubectl --token abcd get", "abcd"),
    ("option", "['--password', 'abcd']", "abcd"),
    ("value of an XML element", "<SecretAccessKey>abcd</SecretAccessKey>", "abcd"),
    ("registry's password", '{"auths":{"x":{"auth":"YWRtaW46aHVudGVyMg=="}}}', "YWRtaW46"),
    ("secret of kops", '{"Data":"aHVudGVyMg=="}', "aHVudGVyMg"),
]

READABLE = [
    "I1123 14:50:37 executor.go:113] Tasks: 95 done / 120 total; 6 can run",
    'Error: cluster not found "a.example.com"',
    "secret/dockerconfig created",
    "kled kops delete-secret --name=c.example.com --secret=dockerconfig --yes",
    "kubectl create --token-file /var/run/token --password-stdin",
    "-----BEGIN CERTIFICATE-----",
    "certificate-authority-data: " + encoded("-----BEGIN CERTIFICATE-----\nMIIC" + "A" * 80),
    "client-certificate-data: " + encoded("-----BEGIN CERTIFICATE-----\nMIIC" + "B" * 80),
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS",
    "https://example.com:443/path@x",
    "git+ssh://git@github.com/acme/repository",
    f"sha256:{HEX}",
    f"registry.k8s.io/kops/dns-controller:1.36.2@sha256:{HEX}",
    "integrity sha512-" + encoded("0" * 64),
    "snapshot 20260101T000000Z-abcdef01 of prod.example.com is trustworthy",
    "arn:aws:iam::123456789012:role/masters.c.example.com",
    "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf",
    "AWS_WEB_IDENTITY_TOKEN_FILE=/var/run/secrets/token",
    "spec.secretStore: s3://acme/c.example.com/secrets",
    "  httpTokens: required",
    "tokenTTL: 1h",
    "  secretName: registry",
    "imagePullSecrets:\n- name: registry",
    "volumes:\n- name: x\n  secret:\n    secretName: y\n",
    "authorization:\n  rbac: {}",
    "spec.authorization.rbac is set",
    'error getting token: oauth2: cannot fetch token: Post "http://127.0.0.1:1/token": EOF',
    "invalid token: signature has expired",
    "      --private-key string           File containing private key",
    "basic authentication is no longer supported",
    "the bearer authentication failed",
    '"password": null, "token": ""',
    "password: null",
    "spec.cloudLabels.token: (none)",
    "token: |",
    "auth: true",
    "AccountName=acme;EndpointSuffix=core.windows.net",
    "https://acme.blob.core.windows.net/c?sv=2022-11-02&se=2026-11-30",
    "keyset kubernetes-ca: primary 7234567890123456789012345678",
    "i-0123456789abcdef0 sg-0123456789abcdef0 vpc-0a1b2c3d",
    "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kdsxz0x8s0x8s0x",
    "glance-api and pnp_short, xoxo, npm_config",
    "eyJhbGciOiJub25lIn0 is a header",
    "{SHAPE} of $2 and $1 $5.00",
    "AKIAX is short, xAKIAIOSFODNN7EXAMPLEx is long",
    "design=flat&signal=TERM",
    '"private_key_id": "0123456789abcdef"',
    "\x1b[32mUnchanged\x1b[0m",
]


@pytest.mark.parametrize(("shape", "text", "leaked"), LEAKS)
def test_a_secret_of_each_shape_is_masked(shape: str, text: str, leaked: str) -> None:
    clean = Redactor().text(text)

    assert leaked not in clean
    assert MASK in clean
    assert Redactor().text(clean) == clean


def test_each_row_has_an_example_that_it_masks_by_itself() -> None:
    rows = {shape.name: shape for shape in SHAPES}

    assert set(rows) == {name for name, _, _ in LEAKS}
    for name, text, leaked in LEAKS:
        plain = re.sub("\x1b\\[[0-9]*m", "", text)
        assert leaked not in rows[name].masked(plain, plain.lower()), name


@pytest.mark.parametrize("text", READABLE)
def test_what_only_looks_like_a_secret_stays_readable(text: str) -> None:
    assert Redactor().text(text) == text
    assert [Redactor().line(line) for line in text.split("\n")] == text.split("\n")


def test_json_stays_json_and_the_rest_of_a_line_stays() -> None:
    clean = Redactor().text('{"user": "me", "password": "a\\"b", "token":"x", "zone": "a"}')

    assert json.loads(clean) == {"user": "me", "password": MASK, "token": MASK, "zone": "a"}
    assert Redactor().text("GET /x?token=abc&zone=a HTTP") == f"GET /x?token={MASK}&zone=a HTTP"
    connection = Redactor().text("AccountName=a;AccountKey=b==;EndpointSuffix=c")
    assert connection == f"AccountName=a;AccountKey={MASK};EndpointSuffix=c"


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ("(none) -> hunter2", f"(none) -> {MASK}"),
        ("hunter2 -> (none)", f"{MASK} -> (none)"),
        ("hunter2 -> hunter3", f"{MASK} -> {MASK}"),
        ("(none) -> a; b c", f"(none) -> {MASK}"),
    ],
)
@pytest.mark.parametrize("before", ["", "edit cluster: done in 0.2 s: spec.channel: a -> b; "])
def test_a_change_says_where_there_is_no_value_and_hides_the_values(
    before: str, change: str, shown: str
) -> None:
    # a member of fault 56: `(none` was masked, and the new value stood beside it
    line = f"{before}spec.cloudLabels.token: {change}; spec.sshAccess: x -> y"

    masked = f"{before}spec.cloudLabels.token: {shown}; spec.sshAccess: x -> y"
    assert Redactor().text(line) == Redactor().line(line) == masked
    assert Redactor().text(masked) == masked


WITHIN: dict[str, Callable[[str], str]] = {
    "yaml": "token: {}".format,
    "yaml with words around": 'the file says\n  - password: "{}"\nand more'.format,
    "json": lambda secret: json.dumps({"a": {"apiKey": secret}, "b": 1}),
    "json in json": lambda secret: json.dumps(json.dumps({"password": secret})),
    "environment": "x DB_PASSWORD={} y".format,
    "option": "kubectl --token={} get".format,
    "option and word": "kubectl --token {} get".format,
    "url": "https://me:{}@example.com/x".format,
    "query": "GET /x?access_token={}&y=1".format,
    "signed": "GET /x?a=1&X-Amz-Signature={}&y=1".format,
    "connection string": "AccountName=a;AccountKey={};EndpointSuffix=c".format,
    "header": "Authorization: Bearer {}".format,
    "header without scheme": "X-Vault-Token: {}".format,
    "python": lambda secret: repr({"password": secret}),
    "xml": "<SessionToken>{}</SessionToken>".format,
    "coloured": "password: \x1b[31m{}\x1b[0m".format,
    "github": "ghp_{}".format,
    "gitlab": "glpat-{}".format,
    "prefect": "pnu_{}".format,
    "vault": "hvs.{}".format,
    "slack": "xoxb-{}".format,
    "age": "AGE-SECRET-KEY-1{}".format,
    "block": "secret: |\n  {}\nother: 1".format,
}


@pytest.mark.parametrize("shape", WITHIN)
@settings(max_examples=25, deadline=None)
@given(secret=st.from_regex(r"[A-Za-z0-9]{24,60}", fullmatch=True))
def test_a_random_secret_survives_in_no_shape(shape: str, secret: str) -> None:
    text = WITHIN[shape](secret)

    clean = Redactor().text(text)

    assert secret not in clean
    assert secret[4:-4] not in clean
    assert Redactor().text(clean) == clean


@given(secret=st.text(min_size=1).filter(str.strip))
def test_nothing_of_a_quoted_secret_survives(secret: str) -> None:
    for text in (json.dumps({"password": secret}), f"token: {json.dumps(secret)} x"):
        clean = Redactor().text(text)

        assert clean in {f'{{"password": "{MASK}"}}', f'token: "{MASK}" x'}


@given(text=st.text() | st.lists(st.sampled_from([text for _, text, _ in LEAKS])).map(" ".join))
def test_redacting_twice_is_redacting_once(text: str) -> None:
    clean = Redactor(["hunter2hunter2"]).text(text)

    assert Redactor(["hunter2hunter2"]).text(clean) == clean


PIECES = (
    "a", "-", "=", "/", "eyJ", "eyJa.", "password", "password=", 'password="', "token:", "://a:",
    "https://", "-----", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "ghp_",
    "sig=", "&sig=", "--token ", "AKIA", "%3A%2F%2Fa%3A", "Bearer ", "authorization: ", '\\"',
    "$2a$", "A\n", "QUFJJVkFURSBLRV", "secret:\n ", "secret: |\n a\n", "<token>", "'password': '",
    "{SHA}", "cookie:", "\x1b[", "\x1b]", ";", ",", "xox", "[redacted]", "[", ": token: ",
)  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
def test_a_long_line_takes_no_longer_than_many_short_ones(piece: str) -> None:
    redactor = Redactor(["hunter2hunter2"])
    text = piece * (40_000 // len(piece))
    begun = time.process_time()

    redactor.text(text)
    redactor.line(text)

    assert time.process_time() - begun < 1  # 0.05 s; what grows with the square takes many


def test_what_kops_says_stays_readable() -> None:
    # the captures hold no secrets any more, so that whatever changes in them is a false alarm
    changed = [
        line
        for file in (*CAPTURES.rglob("stdout"), *CAPTURES.rglob("stderr"))
        for line in file.read_text(errors="replace").split("\n")
        if Redactor().line(line) != line
    ]

    assert not changed
