"""The parameters of a run, checked by the flow itself.

Prefect checks them outside of the flow, logs what was given, and pickles the error into its result
storage. Before that it binds them to the function, and a run whose parameter has an earlier name
would crash there. So Prefect gets a function that takes both spellings and needs nothing, and does
not check; the flow does, behind its edge.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from pydantic import ConfigDict, ValidationError, create_model

from kled.errors import InvalidInput
from kled.models.problems import plain


class Absent:
    """What stands for a parameter that nobody gave; any of its kind is as good."""

    def __repr__(self) -> str:
        """Return what a log shows of it."""
        return "absent"


ABSENT: Final = Absent()


def loose_signature(function: Callable[..., Any], earlier: Iterable[str]) -> inspect.Signature:
    """Return the signature of `function` that also takes the names `earlier`, and needs none.

    Its defaults are none, either: Prefect would put them beside an earlier name's value.
    """
    today = inspect.signature(function).parameters
    loose = [parameter.replace(default=ABSENT) for parameter in today.values()]
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=ABSENT)
        for name in earlier
        if name not in today
    ]
    return inspect.Signature([*loose, *more])


def given_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return those that somebody gave."""
    return {name: value for name, value in parameters.items() if not isinstance(value, Absent)}


def check_parameters(function: Callable[..., Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters as `function` takes them.

    Raises `InvalidInput`, which names each that is wrong and quotes none that was given: it may be
    a secret that somebody put in the wrong place.
    """
    fields: dict[str, Any] = {
        name: (
            parameter.annotation,
            ... if parameter.default is parameter.empty else parameter.default,
        )
        for name, parameter in inspect.signature(function).parameters.items()
    }
    config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
    model = create_model("Parameters", __config__=config, **fields)
    try:
        checked = model.model_validate(dict(parameters))
    except ValidationError as error:
        problems = [
            _problem(problem) for problem in error.errors(include_url=False, include_input=False)
        ]
    else:
        return {name: getattr(checked, name) for name in fields}
    (field, message), *others = problems
    more = "; ".join(f"{name}: {other}" for name, other in others)
    known = f"the flow takes {', '.join(fields)}"
    raise InvalidInput(field, message, hint=f"also {more}; {known}" if more else known)


def _problem(error: Any) -> tuple[str, str]:  # noqa: ANN401 - pydantic's ErrorDetails
    message = plain(error)
    field = ".".join(str(part) for part in error["loc"]) or "parameters"
    return field, message[:1].lower() + message[1:]
