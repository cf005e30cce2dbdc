"""How the fields of a cluster that is wanted look in a form: types, titles, and zones by cloud.

What a form can check itself stands in the schema: it refuses at once, and in its own words.
"""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from kled.models.clouds import CLOUDS
from kled.models.counts import MOST
from kled.models.zones import pattern_of

_WRITTEN: Final = {
    "api": "API",
    "cidr": "CIDR",
    "dns": "DNS",
    "id": "ID",
    "loadbalancer": "load balancer",
    "ssh": "SSH",
}


def listed(value: object) -> object:
    """Take `a,b` for a list, as kops does."""
    return tuple(each.strip() for each in value.split(",")) if isinstance(value, str) else value


def filled(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the entries; raise `ValueError` for one that is empty, blank or there twice."""
    if any(not value or value.split() != [value] for value in values):
        raise ValueError("an entry is empty or holds blanks")
    if len(set(values)) != len(values):
        raise ValueError(f"an entry stands there twice: {', '.join(values)}")
    return values


def text(pattern: str, longest: int | None = None) -> WithJsonSchema:
    """Return the schema of a text that a form checks itself; kled's own words are a validator's."""
    limit = {} if longest is None else {"maxLength": longest}
    return WithJsonSchema({"type": "string", "pattern": pattern, **limit})


Text = Annotated[str, Field(min_length=1, pattern=r"^\S+$")]
Texts = Annotated[tuple[str, ...], BeforeValidator(listed), AfterValidator(filled)]
Zones = Annotated[
    tuple[Annotated[str, text(r"^[^\s,]+$")], ...],
    BeforeValidator(listed),
    AfterValidator(filled),
]
Odd = Annotated[
    int,
    Field(ge=1, le=MOST),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MOST, "not": {"multipleOf": 2}}),
]


def title(name: str) -> str:
    """Return the title of a field: `DNS zone` for `dns_zone`."""
    spelled = " ".join(_WRITTEN.get(word, word) for word in name.split("_"))
    return spelled[:1].upper() + spelled[1:]


def zone_patterns(*fields: str) -> dict[str, Any]:
    """Return what makes a form check that the zones in `fields` are ones of their cloud.

    A chain of `if` and `else`, as Prefect's pages take `allOf` for another kind of form. That the
    cloud is named stands there twice negated, because Prefect drops `required` where only some
    parameters are given.
    """
    chain: dict[str, Any] = {}
    for cloud in (name for name, known in CLOUDS.items() if not known.refused):
        items = {"items": {"pattern": f"^({pattern_of(cloud)})$"}}
        chain = {
            "if": {"not": {"properties": {"cloud": {"not": {"const": cloud}}}}},
            "then": {"properties": dict.fromkeys(fields, items)},
            **({"else": chain} if chain else {}),
        }
    return chain
