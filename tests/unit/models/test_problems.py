"""What is wrong with a value is told without the words of a library (fault 37)."""

import re
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kled.errors import InvalidInput
from kled.models.problems import plain
from kled.models.spec import parse_spec


class Inner(BaseModel):
    """A value within."""

    deep: int


class Model(BaseModel):
    """One field of each kind that forms and options have."""

    model_config = ConfigDict(extra="forbid")

    count: Annotated[int, Field(ge=1, le=9)] = 1
    share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    flag: bool = False
    text: Annotated[str, Field(min_length=2, max_length=4, pattern="^a")] = "aa"
    names: Annotated[tuple[str, ...], Field(min_length=1, max_length=2)] = ("a",)
    table: dict[str, int] = {}
    inner: Inner = Inner(deep=1)
    level: Literal[0, 1, 4] = 0
    needed: str


RAW = re.compile(r"[Ii]nput should|[Ff]ield required|valid (integer|string|tuple)|unable to parse")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "is missing"),
        ({"needed": "x", "nope": 1}, "is not known here"),
        ({"needed": "x", "count": "many"}, "'many' is not a whole number"),
        ({"needed": "x", "count": 1.5}, "1.5 is not a whole number"),
        ({"needed": "x", "count": 0}, "0 is below 1"),
        ({"needed": "x", "count": 10}, "10 is above 9"),
        ({"needed": "x", "share": "half"}, "'half' is not a number"),
        ({"needed": "x", "share": 0}, "0 is not above 0.0"),
        ({"needed": "x", "share": 1}, "1 is not below 1.0"),
        ({"needed": "x", "flag": "maybe"}, "'maybe' is not true or false"),
        ({"needed": 5}, "5 is not text"),
        ({"needed": "x", "text": "b" * 9}, "'bbbbbbbbb' is longer than 4 characters"),
        ({"needed": "x", "text": "a"}, "'a' is shorter than 2 characters"),
        ({"needed": "x", "text": "bb"}, "'bb' is not of the form ^a"),
        ({"needed": "x", "names": 5}, "5 is not a list"),
        ({"needed": "x", "names": ()}, "has fewer values than 1"),
        ({"needed": "x", "table": []}, "is not a table of names and values"),
        ({"needed": "x", "inner": "deep"}, "'deep' is not a table of names and values"),
        ({"needed": "x", "level": 7}, "7 is none of 0, 1, 4"),
    ],
)
def test_each_kind_of_problem_is_told_plainly(values: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Model(**values)

    (error,) = caught.value.errors()
    assert plain(error) == told
    assert not RAW.search(plain(error))


def test_what_else_is_wrong_is_one_sentence_each() -> None:
    # it said "hint: also --zones: is missing"
    with pytest.raises(InvalidInput) as caught:
        parse_spec({}, name_of=lambda name: f"--{name}")

    assert (caught.value.message, caught.value.hint) == (
        "--name: is missing",
        "also --zones is missing",
    )
