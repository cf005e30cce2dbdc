"""What is typed after `kled run FLOW` becomes checked parameters, or its wrong field is named."""

from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel

from kled.cli.flows.parameters import collect, model_of, read_file, validate
from kled.errors import InvalidInput
from kled.models.spec import ClusterSpec


def create(spec: ClusterSpec, kubeconfig: Path | None = None, patience: int = 30) -> None:
    """Stand for a flow."""


def check(*words: str, text: str = "") -> BaseModel:
    model = model_of(create)
    return validate(model, collect(model, words, read_file(text)))


@pytest.mark.parametrize(
    "words",
    [
        ("name=c.example.com", "zones=us-east-1a,us-east-1b", "node-count=2"),
        ("spec.name=c.example.com", "spec.zones=us-east-1a,us-east-1b", "spec.node_count=2"),
        ("name=c.example.com", "zones=us-east-1a", "zones=us-east-1b", "node_count=2"),
    ],
)
def test_a_specs_fields_may_be_given_bare_or_dotted_in_either_case(words: tuple[str, ...]) -> None:
    spec = dict(check(*words))["spec"]

    assert (spec.name, list(spec.zones), spec.node_count) == (
        "c.example.com",
        ["us-east-1a", "us-east-1b"],
        2,
    )


def test_words_overrule_the_file() -> None:
    text = "spec: {name: c.example.com, zones: [us-east-1a], node-count: 1}\npatience: 5\n"

    found = dict(check("node-count=3", text=text))

    assert (found["spec"].node_count, found["patience"]) == (3, 5)


def test_a_files_bare_fields_belong_to_the_spec() -> None:
    found = dict(check(text='{"name": "c.example.com", "zones": ["us-east-1a"]}'))

    assert found["spec"].name == "c.example.com"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nmae=c.example.com",), "nmae: there is no such parameter"),
        (("spec.nmae=c.example.com",), "nmae: there is no such parameter"),
        (("name",), "name: is not key=value"),
        (("name=",), "name: is empty"),
        (("zones=",), "zones: is empty"),
        (("name=a.example.com", "name=b.example.com"), "name: is given twice"),
        (("name=c.example.com",), "zones: is missing"),
        (
            ("name=c.example.com", "zones=us-east-1a", "patience=soon"),
            "patience: is not a whole number",
        ),
    ],
)
def test_what_cannot_be_used_is_named(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        check(*words)


def test_a_misspelt_key_is_told_the_nearest() -> None:
    with pytest.raises(InvalidInput) as caught:
        check("nmae=c.example.com")

    assert caught.value.hint is not None
    assert caught.value.hint.startswith("did you mean name? ")


@pytest.mark.parametrize("text", ["[1]", "a: ["])
def test_a_file_that_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="params: "):
        read_file(text)


def keep_and_check(level: Literal[0, 1] = 1, keep: dict[str, int] | None = None) -> None:
    """Stand for a flow whose parameters are no spec."""


@pytest.mark.parametrize("words", [("keep=daily=7,last=3",), ("keep.daily=7", "keep.last=3")])
def test_a_mapping_is_typed_as_pairs_or_key_by_key(words: tuple[str, ...]) -> None:
    model = model_of(keep_and_check)

    found = dict(validate(model, collect(model, ["level=0", *words], {})))

    assert found == {"level": 0, "keep": {"daily": 7, "last": 3}}


def test_a_number_that_is_no_choice_is_refused() -> None:
    model = model_of(keep_and_check)

    with pytest.raises(InvalidInput, match="level: is none of 0, 1"):
        validate(model, collect(model, ["level=7"], {}))
