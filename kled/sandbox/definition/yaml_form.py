"""Objects as text: YAML as in the state store and JSON as of `-o json`, byte for byte.

Facts from captures 11-get-cluster-yaml, 12d-get-ig-yaml, 10b-get-clusters-json, C09-metal-dryrun:
keys sorted in YAML and in the order of kops' Go structs in JSON; a string that YAML would read as
something else stands in double quotes; JSON arrays of objects have each object on a line of its
own.
"""

import json
import re
from typing import Any

import yaml

from kled.sandbox.definition import go_yaml, key_order, schema

_AMBIGUOUS = re.compile(
    r"(?:y|n|Y|N|yes|no|on|off|~|null|true|false"
    r"|[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?)",
    re.IGNORECASE,
)
_STRING = "tag:yaml.org,2002:str"
SEPARATOR = "\n---\n\n"


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - kops never writes anchors
        return True


def _string(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    if "\n" in text:
        style = "|"
    elif _AMBIGUOUS.fullmatch(text) or (_tag(dumper, text) != _STRING):
        style = '"'
    else:
        style = None
    return dumper.represent_scalar(_STRING, text, style=style)


def _tag(dumper: _Dumper, text: str) -> Any:  # noqa: ANN401 - yaml is untyped here
    resolve: Any = dumper.resolve
    return resolve(yaml.ScalarNode, text, (True, False))


_Dumper.add_representer(str, _string)


def dump(document: object) -> str:
    """Return one document as kops writes it to its state store."""
    text: str = yaml.dump(
        _sorted(document),
        Dumper=_Dumper,
        default_flow_style=False,
        allow_unicode=True,
        width=80,
        sort_keys=False,
    )
    return text


def _sorted(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value, key=key_order.ordered)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def dump_all(documents: list[dict[str, Any]]) -> str:
    """Return several documents as `-o yaml` prints them."""
    return SEPARATOR.join(dump(document) for document in documents)


def load(text: str) -> Any:  # noqa: ANN401 - YAML is whatever it is
    """Read one document as kops reads it (`go_yaml`).

    Raises `yaml.YAMLError`: the text is no YAML; its message is go-yaml's.
    """
    return go_yaml.load(text)


def to_json(document: dict[str, Any]) -> str:
    """Return one object as kops' `-o json` prints it, with its newline."""
    return json.dumps(schema.ordered(document), separators=(",", ":"), ensure_ascii=False) + "\n"


def to_json_list(documents: list[dict[str, Any]]) -> str:
    """Return several objects as kops prints them: an array without a newline at its end."""
    return "[" + ",".join(to_json(document) for document in documents) + "]"


def duplicate(text: str) -> tuple[int, str] | None:
    """Return line and name of the first key that an object has twice, None where none has.

    Raises yaml.YAMLError where the text is no YAML.
    """
    nodes = [yaml.compose(text, Loader=yaml.CSafeLoader)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.SequenceNode):
            nodes += reversed(node.value)
        elif isinstance(node, yaml.MappingNode):
            seen = set()
            for name, _ in node.value:
                if name.value in seen:
                    return name.start_mark.line + 1, name.value
                seen.add(name.value)
            nodes += reversed([value for _, value in node.value])
    return None
