"""Finding 10: no value is put into a command that people type as it is: a blank cuts it in two.

`options` and `word` of `kled.sentences` quote. What is checked to hold no such character may stand
in a text as it is.
"""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import kled
from kled.commands import Places, about, completed
from kled.kops.fields import fixed_fields
from kled.sentences import options, word

UNKIND: Final = (
    "/srv/b 16/state",
    "file:///srv/it's%20here",
    'a "b" $HOME `id` ; rm -rf * | &',
    "a,b. (c) #d",
    "-rf",
    "~/x\\y",
)
CHECKED: Final = {
    *("name", "new-identity", "with-resources-of", "confirm"),  # names of clusters
    *("snapshot", "digest", "version", "kubernetes-version"),  # ids, digests and versions
    *("min", "max"),
}
"""Options whose values have been checked by the time that a command with them is told."""
ARGV: Final = {"kops/command.py"}
"""What hands its words to a process, which no shell reads."""
_BY_HAND: Final = re.compile(r"--([a-z][a-z-]*)=(?:\S*=)?$")
_OF_A_SHELL: Final = re.compile(r"\b(?:chmod|mkdir|age-keygen|export [A-Z_]+=)[^;,:]*$")
_QUOTING: Final = {"word", "options"}
_PACKAGE: Final = Path(kled.__file__).parent


def by_hand(source: str) -> Iterator[str]:
    """Yield what a text of a module puts behind an option, or into a shell's command, unquoted."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.JoinedStr):
            continue
        before = ""
        for part in node.values:
            if isinstance(part, ast.Constant):
                before += str(part.value)
                continue
            assert isinstance(part, ast.FormattedValue)
            option = _BY_HAND.search(before)
            unchecked = option is not None and option[1] not in CHECKED
            if (unchecked or _OF_A_SHELL.search(before)) and not _is_quoted(part.value):
                yield f"{before[-40:]}{{{ast.unparse(part.value)}}}"
            before += "x"


def _is_quoted(value: ast.expr) -> bool:
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        return value.func.id in _QUOTING
    return False


MODULES: Final = sorted(
    str(path.relative_to(_PACKAGE))
    for path in _PACKAGE.rglob("*.py")
    if "sandbox" not in path.relative_to(_PACKAGE).parts
)


def test_no_module_puts_a_value_into_a_command_as_it_is() -> None:
    found = {
        f"{module}: {words}"
        for module in MODULES
        if module not in ARGV
        for words in by_hand((_PACKAGE / module).read_text())
    }

    assert not found


@pytest.mark.parametrize("source", ['f"x --set=spec.a={v}"', 'f"--to={v}"', 'f"chmod 600 {path}"'])
def test_a_value_by_hand_is_seen(source: str) -> None:
    assert list(by_hand(source))


@pytest.mark.parametrize("value", UNKIND)
def test_whatever_stands_in_an_option_a_shell_reads_it_as_one_word(value: str) -> None:
    command = f"kled kops edit-cluster {options(name='c', set=value)} {word(value)}"

    assert shlex.split(command)[3:] == ["--name=c", f"--set={value}", value]


@pytest.mark.parametrize("value", UNKIND)
def test_a_place_that_is_mended_is_one_word_and_options_go_behind_it(value: str) -> None:
    """The path was cut at its blank, and the options stood in its middle."""
    mends = fixed_fields.mending("spec.configBase", value)
    told = f"mend it first: kled kops edit-cluster {options(name='c')} {mends}"

    whole = completed(told, Places(state=value, snapshots=value, config=value))

    assert shlex.split(whole)[6:] == [
        "--name=c",
        f"--set=spec.configBase={value}",
        *(f"--{place}={value}" for place in ("state", "snapshot-store", "config")),
    ]
    assert about(whole, "c") == completed(whole, Places(state="s3://other")) == whole
