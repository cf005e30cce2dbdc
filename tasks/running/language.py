"""Flows that understand what their parameters were called before.

A schedule, or an API's caller, may hold a name or a number without unit of an earlier kled for
years. It goes on to work, and the run's log says what to write now.
"""

import functools
import inspect
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, ParamSpec, TypeVar, cast

from prefect import Flow
from prefect.runtime import flow_run

from kled.errors import InvalidInput
from tasks.running import edge
from tasks.running.parameter_checks import check_parameters, given_parameters, loose_signature

logger = logging.getLogger("kled.flows")

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class EarlierSpelling:
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


CLUSTER: Final = {"cluster": EarlierSpelling("name")}
NONE: Final[Mapping[str, EarlierSpelling]] = MappingProxyType({})


class SpokenFlow(Flow[P, R]):
    """A flow that takes earlier spellings of its parameters, too, and ends in its own words.

    `function` is what it runs: its signature is the flow's own, today's. Prefect sees one that
    takes whatever a schedule, an automation or an earlier kled's deployment may hold
    (`tasks.running.parameter_checks`).
    """

    def __init__(
        self,
        fn: Callable[P, R],
        *,
        name: str,
        flow_run_name: str,
        unnamed: str,
        earlier: Mapping[str, EarlierSpelling],
    ) -> None:
        self.function = fn
        self.earlier = earlier
        self._template, self._unnamed = flow_run_name, unnamed
        super().__init__(
            _checking(self, fn),
            name=name,
            flow_run_name=self._name_of_run,
            validate_parameters=False,
            persist_result=False,
        )
        self.__signature__ = inspect.signature(fn)
        vars(self.fn)["__signature__"] = loose_signature(fn, earlier)

    def validate_parameters(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Return parameters as the flow takes them, and log what is spelled otherwise by now.

        Raises `InvalidInput`.
        """
        return self.understood(parameters)[0]

    def understood(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Return what the flow takes, and a line for each that is spelled otherwise by now."""
        spelled, remarks = respell_parameters(given_parameters(given), self.earlier)
        return check_parameters(self.function, spelled), remarks

    def serialize_parameters(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Return what Prefect keeps of the parameters of a run that begins here.

        They are in today's spelling, with their defaults, and without secrets.
        """
        try:
            meant = self.understood(parameters)[0]
        except InvalidInput:
            meant = given_parameters(parameters)
        return cast("dict[str, Any]", edge.redactor().data(super().serialize_parameters(meant)))

    def named(self, given: Mapping[str, Any]) -> str:
        """Return what a run with these parameters is called; raises nothing."""
        try:
            meant = self.understood(given)[0]
            template = self._unnamed if meant.get("name", "") is None else self._template
            return edge.redactor().text(template.format(**meant))
        except Exception:  # noqa: BLE001 - the run itself says what is wrong with them
            return self.name

    def _name_of_run(self) -> str:
        return self.named(flow_run.parameters)


def flow(
    *,
    name: str,
    flow_run_name: str,
    unnamed: str = "",
    earlier: Mapping[str, EarlierSpelling] = NONE,
) -> Callable[[Callable[P, R]], SpokenFlow[P, R]]:
    """Make a function a flow whose results are not kept; `earlier` are its earlier spellings.

    `unnamed` is what a run is called that names no cluster; empty: as one that does.
    """
    named = {"flow_run_name": flow_run_name, "unnamed": unnamed or flow_run_name}
    return lambda fn: SpokenFlow(fn, name=name, earlier=earlier, **named)


def respell_parameters(
    parameters: Mapping[str, Any], earlier: Mapping[str, EarlierSpelling]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the parameters in today's spelling, and a line for each that was respelled.

    Raises `InvalidInput` where one is given in both spellings with two values.
    """
    spelled: dict[str, Any] = {}
    remarks: list[str] = []
    for name, value in parameters.items():
        for now, said in _spelled(name, value, earlier):
            if now in spelled and spelled[now] != said:
                raise InvalidInput(now, f"is given twice: {name} is an earlier name of it")
            spelled[now] = said
            if (now, said) != (name, value) and said is not None:
                remarks.append(f"{name}={value} is an earlier spelling: write {now}={said}")
    return spelled, tuple(remarks)


def _spelled(
    name: str, value: object, earlier: Mapping[str, EarlierSpelling]
) -> Iterator[tuple[str, object]]:
    known = earlier.get(name)
    if known is None:
        yield name, value
    elif known.now:
        yield known.now, known.value(value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in known.keys:
                raise _no_key(f"{name}.{key}", known)
            yield str(key), inner
    elif value is not None:
        raise _no_key(name, known)


def _no_key(field: str, known: EarlierSpelling) -> InvalidInput:
    return InvalidInput(field, "there is no such parameter", hint=f"known: {', '.join(known.keys)}")


def modernise(typed: str, earlier: Mapping[str, EarlierSpelling]) -> tuple[str, ...]:
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


def _checking(spoken: SpokenFlow[P, R], fn: Callable[P, R]) -> Callable[P, R]:
    """Return `fn` that checks its parameters first, and ends as a flow does where they are none."""

    @functools.wraps(fn)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        bound = inspect.signature(call).bind_partial(*args, **kwargs).arguments
        try:
            meant, earlier = spoken.understood(bound)
        except Exception as error:  # noqa: BLE001 - Prefect would pickle it
            return cast("R", edge.refuse(error, f"the flow {spoken.name}"))
        for remark in earlier:
            logger.warning("%s", remark)
        return cast("Callable[..., R]", fn)(**meant)

    return call
