import base64
import html
import json
import logging
from urllib.parse import quote

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
        ("DOCKER_AUTH_CONFIG", True),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", False),
        ("GOOGLE_APPLICATION_CREDENTIALS", False),
        ("PATH", False),
    ],
)
def test_secret_variables_are_known_by_name(name: str, secret: bool) -> None:
    assert bool(secret_values({name: "some-value"})) is secret


def test_short_values_are_not_taken_for_secrets() -> None:
    assert not secret_values({"MY_TOKEN": "true"})


def test_a_password_in_a_url_is_a_secret_whatever_the_variable_is_called() -> None:
    # a member of fault 56: a proxy, a database
    found = secret_values({"HTTPS_PROXY": "http://me:hunter%2F22@proxy:3128", "URL": "http://[x"})

    assert found == {"hunter%2F22", "hunter/22"}


def test_the_password_of_a_server_goes_without_its_user_too() -> None:
    redactor = Redactor(secret_values({"PREFECT_API_AUTH_STRING": "admin:hunter22"}))

    header = base64.b64encode(b"admin:hunter22").decode()
    assert redactor.text(f"{header} hunter22") == f"{MASK} {MASK}"


@pytest.mark.parametrize("before", ["", "a", "ab"])
def test_a_known_secret_goes_in_every_form(before: str) -> None:
    # fault 56
    secret = 'hunter/2+2 "é"\n'
    redactor = Redactor([secret])
    texts = [
        json.dumps({"x": secret}),
        repr(secret),
        quote(secret),
        quote(secret, safe=""),
        quote(secret, safe="").lower(),
        base64.b64encode(f"{before}{secret}".encode()).decode(),
        base64.urlsafe_b64encode(f"{before}{secret}and more".encode()).decode(),
    ]

    for text in texts:
        clean = redactor.text(text)
        assert MASK in clean, text
        assert len(clean.replace(MASK, "")) <= len(text) // 2, text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("used Zk3vQ9xT7m", f"used {MASK}"),
        ("used Zk3vQ9xT7m...", f"used {MASK}..."),
        ('used "Zk3vQ9xT7m\u2026"', f'used "{MASK}\u2026"'),
        ("... 9xT7mB2cW8r was used", f"... {MASK} was used"),
        ("a\nused Zk3vQ9xT7m\nB2cW8r", f"a\nused {MASK}\nB2cW8r"),
        ("used Zk3vQ9xT\\n7mB2cW8r there", f"used {MASK}\\n{MASK} there"),
        ("k3vQ9xT7mB\n", f"{MASK}\n"),
        ("the Zk3vQ9xT room", "the Zk3vQ9xT room"),
        ("used Zk3vQ9x", "used Zk3vQ9x"),
    ],
)
def test_what_a_cut_leaves_of_a_known_secret_goes(text: str, clean: str) -> None:
    # fault 56: a limit of characters, or of columns
    redactor = Redactor(["Zk3vQ9xT7mB2cW8r"])

    assert redactor.text(text) == clean
    assert redactor.text(clean) == clean


def test_the_words_of_a_known_secret_with_blanks_stay() -> None:
    redactor = Redactor(["correct horse battery staple"])

    assert redactor.text("this is correct\nbattery staple") == "this is correct\nbattery staple"


def test_each_line_of_a_known_secret_of_several_goes() -> None:
    redactor = Redactor(['{\n  "project": "acme-production",\n  "x": 1\n}'])

    assert redactor.line('  "project": "acme-production",') == f"  {MASK}"


def test_a_private_key_that_comes_line_by_line_is_masked() -> None:
    redactor = Redactor()

    lines = [redactor.line(line) for line in ["before", *PEM.splitlines(), "after"]]

    assert lines == ["before", MASK, MASK, MASK, MASK, "after"]


def test_a_private_key_without_an_end_hides_no_other_line() -> None:
    # a member of fault 56: the rest of a run's log was masked
    redactor = Redactor()

    lines = [redactor.line(line) for line in (*PEM.splitlines()[:-1], "I1124 x.go:1] Done (ok)")]

    assert lines == [MASK, MASK, MASK, "I1124 x.go:1] Done (ok)"]


def test_a_private_key_whose_beginning_was_cut_is_masked() -> None:
    # a member of fault 56: only the last lines of a stream are kept
    tail = f"I1124 begun\n{'MIIE' * 16}\nabcd==\n{PEM.splitlines()[-1]}\nend"

    assert Redactor().text(tail) == f"I1124 begun\n{MASK}\nend"


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (["password: |", "  a", "", "  b", "x: me"], ["password: |", MASK, MASK, MASK, "x: me"]),
        (["  token: >-", "    a", "  x: 1"], ["  token: >-", MASK, "  x: 1"]),
        (['password: "a', '  b', 'c"', "x"], [f'password: "{MASK}', MASK, MASK, "x"]),
    ],
)  # fmt: skip
def test_a_value_of_several_lines_is_masked_line_by_line(
    lines: list[str], shown: list[str]
) -> None:
    redactor = Redactor()

    assert [redactor.line(line) for line in lines] == shown


def test_plain_data_loses_what_stands_under_a_key_that_says_secret() -> None:
    # a member of fault 56: a report's texts were looked at without their keys
    found = {"password": "a", "zone": "b", "apiKey": None, "steps": [{"words": "token=c", "n": 1}]}

    assert Redactor().data(found) == {
        "password": MASK,
        "zone": "b",
        "apiKey": None,
        "steps": [{"words": f"token={MASK}", "n": 1}],
    }


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


def test_a_record_whose_arguments_do_not_fit_passes_redacted() -> None:
    # a member of fault 56: Python prints such a record past every filter
    record = logging.LogRecord("x", logging.INFO, "f", 1, "%d of %s", ("topsecret",), None)
    record.stack_info = "topsecret"

    assert RedactingFilter(Redactor(["topsecret"])).filter(record)

    assert record.getMessage() == f"%d of %s ('{MASK}',)"
    assert record.stack_info == MASK


def test_a_secret_in_a_page_of_html_is_masked() -> None:
    secret = """p<a>s&s"w'ord"""

    assert Redactor([secret]).text(f"<b>{html.escape(secret)}</b>") == f"<b>{MASK}</b>"
