"""YAML that commands print and read, by the rules by which kops reads it."""

import pytest

from kled.cli.flows.parameters import read_file
from kled.cli.terminal.output import show_value
from kled.errors import InvalidInput


def test_what_is_printed_is_quoted_so_that_kops_reads_what_was_meant(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A member of fault 12: what `-o yaml` prints goes into files that kops reads."""
    show_value([{"Backup": "Y", "account": "089012345678", "n": 3, "more": None}], "yaml")

    assert capsys.readouterr().out == (
        '- Backup: "Y"\n  account: "089012345678"\n  "n": 3\n  more: null\n'
    )


def test_a_time_of_a_parameters_file_stays_what_was_written() -> None:
    assert read_file("retain-until: 2026-01-01\nat: 12:30\n") == {
        "retain_until": "2026-01-01",
        "at": "12:30",
    }


@pytest.mark.parametrize("text", ["a: " + "[" * 100_000, "a: [", "a: 1\na: 2\n", "a: !!bool x"])
def test_a_parameters_file_that_cannot_be_read_says_so(text: str) -> None:  # a member of 80
    with pytest.raises(InvalidInput, match="not valid YAML or JSON"):
        read_file(text)
