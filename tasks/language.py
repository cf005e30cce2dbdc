"""Flows that understand what their parameters were called before.

A schedule, or an API's caller, may hold a name or a number without unit of an earlier kled for
years. It goes on to work, and the run's log says what to write now.
"""

import functools
import logging
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, ParamSpec, TypeVar

from prefect import Flow

from kled.errors import InvalidInput

logger = logging.getLogger("kled.flows")

P = ParamSpec("P")
R = TypeVar("R")
_said: ContextVar[tuple[str, ...]] = ContextVar("kled-earlier-spellings", default=())


@dataclass(frozen=True, slots=True)
class Earlier:
    """What stands for an earlier spelling of a parameter."""

    now: str = ""
    """The parameter's name; empty where it was a mapping whose keys are parameters now."""
    unit: str = ""
    """The unit of its numbers, which had none."""
    keys: tuple[str, ...] = ()
    """Those of the mapping."""

    def value(self, given: object) -> object:
        """Return the value as it is written now."""
        bare = isinstance(given, int) and not isinstance(given, bool)
        if self.unit and (bare or (isinstance(given, str) and given.isascii() and given.isdigit())):
            return f"{given}{self.unit}"
        return given


CLUSTER: Final = {"cluster": Earlier("name")}
NONE: Final[Mapping[str, Earlier]] = MappingProxyType({})


class SpokenFlow(Flow[P, R]):
    """A flow that takes earlier spellings of its parameters, too."""

    def __init__(
        self,
        fn: Callable[P, R],
        *,
        name: str,
        flow_run_name: str,
        earlier: Mapping[str, Earlier],
    ) -> None:
        super().__init__(_saying(fn), name=name, flow_run_name=flow_run_name, persist_result=False)
        self.earlier = earlier

    def validate_parameters(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Check the parameters of a run as Prefect does, earlier spellings included."""
        spelled, words = respelled(parameters, self.earlier)
        _said.set(words)
        return super().validate_parameters(spelled)


def flow(
    *, name: str, flow_run_name: str, earlier: Mapping[str, Earlier] = NONE
) -> Callable[[Callable[P, R]], SpokenFlow[P, R]]:
    """Make a function a flow whose results are not kept; `earlier` are its earlier spellings."""
    return lambda fn: SpokenFlow(fn, name=name, flow_run_name=flow_run_name, earlier=earlier)


def respelled(
    parameters: Mapping[str, Any], earlier: Mapping[str, Earlier]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the parameters in today's spelling, and a line for each that was respelled.

    Raises `InvalidInput` where one is given in both spellings with two values.
    """
    spelled: dict[str, Any] = {}
    words: list[str] = []
    for name, value in parameters.items():
        for now, said in _spelled(name, value, earlier):
            if now in spelled and spelled[now] != said:
                raise InvalidInput(now, f"is given twice: {name} is an earlier name of it")
            spelled[now] = said
            if (now, said) != (name, value) and said is not None:
                words.append(f"{name}={value} is an earlier spelling: write {now}={said}")
    return spelled, tuple(words)


def _spelled(
    name: str, value: object, earlier: Mapping[str, Earlier]
) -> Iterator[tuple[str, object]]:
    known = earlier.get(name)
    if known is None:
        yield name, value
    elif known.now:
        yield known.now, known.value(value)
    elif isinstance(value, Mapping):
        for key, one in value.items():
            if key not in known.keys:
                raise _no_key(f"{name}.{key}", known)
            yield str(key), one
    elif value is not None:
        raise _no_key(name, known)


def _no_key(field: str, known: Earlier) -> InvalidInput:
    return InvalidInput(field, "there is no such parameter", hint=f"known: {', '.join(known.keys)}")


def modern(typed: str, earlier: Mapping[str, Earlier]) -> tuple[str, ...]:
    """Return a typed `key=value` as it is written now: most are the same.

    Raises `InvalidInput` for a key that an earlier mapping never had.
    """
    key, equals, value = typed.partition("=")
    head, dot, rest = key.replace("-", "_").partition(".")
    known = earlier.get(head)
    if known is None or not equals:
        return (typed,)
    if known.now:
        said = known.value(value)
        return (typed,) if (known.now, said) == (head, value) else (f"{known.now}={said}",)
    pairs = (f"{rest}={value}",) if dot else tuple(value.split(","))
    for pair in pairs:
        if pair.partition("=")[0] not in known.keys:
            raise _no_key(f"{head}.{pair.partition('=')[0]}", known)
    return pairs


def _saying(fn: Callable[P, R]) -> Callable[P, R]:
    """Return `fn` that first logs what this run's parameters are called now."""

    @functools.wraps(fn)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        for words in _said.get():
            logger.warning("%s", words)
        _said.set(())
        return fn(*args, **kwargs)

    return call
