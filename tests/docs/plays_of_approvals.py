"""The play of the document about approvals; who answers runs that wait is tried with flows."""

from typing import Final

from tests.docs.play import Play

PLAYS: Final = {
    "docs/approvals.md": Play(
        lambda _: None,
        held=dict.fromkeys(
            ("kled approve", "kled run plan-update", "kled run update-cluster"),
            "tests/flows/test_approvals.py",
        ),
    ),
}
