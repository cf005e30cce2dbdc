"""Writing YAML that every reader takes for what it was."""

import math
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final

import yaml

from kled.visible import quoted
from kled.yaml_text.scalars import LARGEST, SMALLEST, is_plain

_BLOCK_SAFE: Final = frozenset(map(chr, range(0x20, 0x7F))) | {"\n", "\t"}


def to_text(documents: Iterable[Any], *, sort_keys: bool = False) -> str:
    """Return the documents as YAML: block style, keys in their order, no anchors, no folding.

    Takes what `kled.yaml_text.read` returns, and JSON. Texts that any reader of YAML could take
    for something else are quoted, and what nobody sees in them is escaped: the same values to every
    reader. Longer ones with lines are blocks. Raises `ValueError` for what YAML has no form for,
    for example half a surrogate pair.
    """
    listed = list(documents)
    text = yaml.dump_all(
        listed,
        Dumper=_Dumper,
        sort_keys=sort_keys,
        allow_unicode=True,
        default_flow_style=False,
        width=float("inf"),
    )
    return quoted(
        str(text)
    )  # what is not ASCII stands in double quotes: see `is_plain`, `_is_block`


class _Dumper(yaml.SafeDumper):
    """PyYAML's own emitter, with our choice of quotes."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True

    def choose_scalar_style(self) -> str:
        """Keep to a block where `_is_block` chose it: PyYAML quotes whatever holds a tab."""
        if (
            getattr(self.event, "style", None) == "|"
            and not self.flow_level
            and not self.simple_key_context
        ):
            return "|"
        return str(super().choose_scalar_style())


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    value.encode()  # half a surrogate pair ends here, not in kops
    style = None if is_plain(value) else "|" if _is_block(value) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _number(dumper: yaml.SafeDumper, value: int) -> yaml.ScalarNode:
    if not SMALLEST <= value <= LARGEST:
        raise ValueError(f"{value} has no form in kops' YAML: go-yaml rounds it")
    return dumper.represent_scalar("tag:yaml.org,2002:int", str(value))


def _float(dumper: yaml.SafeDumper, value: float) -> yaml.ScalarNode:
    if not math.isfinite(value):
        raise ValueError(f"{value} has no form in kops' YAML: it makes JSON of it")
    return dumper.represent_float(value)


def _is_block(value: str) -> bool:
    """Say whether a literal block holds it without a doubt about blanks at its edges."""
    lines = value.split("\n")
    return (
        len(lines) > 1
        and not lines[0].startswith((" ", "\t"))
        and lines[0] != ""
        and all(line == "" or not line.isspace() for line in lines)
        and _BLOCK_SAFE.issuperset(value)
    )


def _refused(_dumper: yaml.SafeDumper, value: object) -> yaml.Node:
    raise ValueError(f"{type(value).__name__} has no form in kops' YAML")


_Dumper.add_representer(str, _text)
_Dumper.add_representer(int, _number)
_Dumper.add_representer(float, _float)
for _kind in (bytes, set, frozenset, date, datetime):  # PyYAML would write tags or plain times
    _Dumper.add_representer(_kind, _refused)
