"""Every command that a document, or the help, names exists and takes the options that it has there.

Fault 27 and its kind: what is typed as it stands has to work. `test_typed_in_order` runs it.
"""

import pytest

from tests.docs import parsing, reading
from tests.unit.cli.test_every_option import COMMANDS

NO_COMMANDS = {"kled snapshot manifest 1": "the first line of what a signature signs"}
EXAMPLES = {
    example.strip(): path
    for path, command in COMMANDS.items()
    for example in (command.epilog or "").splitlines()
    if example.strip().startswith("kled ")
}


@pytest.mark.parametrize("document", reading.documents())
def test_what_is_typed_exists(document: str) -> None:
    wrong = [
        f"{document}:{line}: {problem}"
        for block in reading.blocks(document)
        for line, step in block.steps()
        for problem in parsing.problems(step)
    ]

    assert not wrong


@pytest.mark.parametrize("document", reading.documents())
def test_what_a_sentence_names_exists(document: str) -> None:
    wrong = [
        f"{document}:{each.line}: {problem}"
        for each in reading.inline(document)
        if each.text not in NO_COMMANDS
        for problem in parsing.problems(each.text, sentence=True)
    ]

    assert not wrong


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_the_help_shows_exists(example: str) -> None:
    assert not list(parsing.problems(example))
    assert example.startswith(EXAMPLES[example])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("kled kops edit-clutser --name=C", "kled kops has no 'edit-clutser'"),
        ("kled plan --nmae=C > plan.json", "No such option"),
        ('eval "$(kled sandbox environment --dir=D)"', "kled sandbox has no 'environment'"),
        ("kled run delete-cluster cluster=C", "the flow delete-cluster has no parameter 'cluster'"),
        ("kled run frobnicate", "there is no flow 'frobnicate'"),
        ("make everything", "there is no target 'everything' in the Makefile"),
        ("kled kops validate-cluster --wait=soon", "Invalid value"),
    ],
)
def test_what_does_not_exist_is_told(text: str, problem: str) -> None:
    assert problem in "\n".join(parsing.problems(text))


def test_a_sentence_may_cut_a_command_short() -> None:
    for text in (
        "kled sandbox start|stop",
        "kled kops update-cluster … --yes",
        "kled run FLOW",
        "kled run … --deployment=ENV",
    ):
        assert not list(parsing.problems(text, sentence=True))
    assert list(parsing.problems("kled sandbox start|halt", sentence=True))
