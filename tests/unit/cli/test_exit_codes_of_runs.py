"""A run of a flow ends with the exit code of its error's class, here and on a worker. Fault 50."""

import ast
import inspect
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun, State
from prefect.states import Failed

import kled
from kled import config, errors
from kled.cli.flows import here
from kled.cli.flows import there as flow_there
from kled.cli.frame.command import Call
from kled.errors import BeingCollected, ClusterNotReady, DocumentDamaged, InvalidInput, KledError
from kled.operations.runner import Silent
from kled.operations.step import Step
from kled.retry import Clock, Policy, call
from tasks.running import edge
from tasks.running.policies import Attempts
from tasks.running.resources import Unwatched, call_with

ALL = [
    error
    for _, error in inspect.getmembers(errors, inspect.isclass)
    if issubclass(error, KledError)
]
RETRIED = [error for error in ALL if error.retryable]
POLICY = Policy(9, timedelta(seconds=30), 1, timedelta(seconds=30), 0, timedelta(minutes=1))


def example(kind: type[KledError]) -> KledError:
    made: dict[Any, Any] = {
        InvalidInput: lambda: InvalidInput("name", "is wrong", hint="mend it"),
        errors.OtherRecipients: lambda: errors.OtherRecipients("KEY", "is another", hint="mend it"),
        DocumentDamaged: lambda: DocumentDamaged("kled.json", "it is cut", hint="mend it"),
        BeingCollected: lambda: BeingCollected("blobs/aa"),
        errors.TextUnreadable: lambda: errors.TextUnreadable("no YAML", line=3, hint="mend it"),
    }
    return made.get(kind, lambda: kind("it broke (twice): really", hint="mend it"))()  # type: ignore[no-any-return]


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Call]:
    settings = config.load({"HOME": str(tmp_path)})
    with call_with(settings, Unwatched()):
        yield Call(settings, verbose=False)


def there(call: Call, state: State[Any]) -> int:
    """Return the exit code of a run on a worker, of which only the state's words come back."""
    told: State[Any] = Failed(message=state.message)
    run = FlowRun(id=uuid4(), flow_id=uuid4(), state=told, state_name=told.name)
    return flow_there._end(call, run)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_a_run_here_and_on_a_worker_end_with_the_code_of_the_errors_class(
    kind: type[KledError], asked: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    error = example(kind)
    state = edge.failed_state(error)

    assert here._error(state).exit_code == kind.exit_code
    assert there(asked, state) == kind.exit_code
    said = capsys.readouterr().err.splitlines()
    assert said[0] == f"kled: {error.message}"
    assert said[1:] == ([f"hint: {error.hint}"] if error.hint else [])


def test_parameters_that_do_not_fit_are_typed_wrong_wherever_that_is_found(asked: Call) -> None:
    words = "Validation of flow parameters failed with error: ParameterTypeError: name: no string"

    assert there(asked, Failed(message=words)) == InvalidInput.exit_code == 2


@pytest.mark.parametrize("message", ["", "Flow run encountered an exception", "ValueError: x"])
def test_words_of_somebody_else_s_are_a_run_that_failed(message: str, asked: Call) -> None:
    assert there(asked, Failed(message=message)) == 1


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.clock = Clock(lambda: self.now, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def check(self) -> None:
        """There is no lease."""


def late(kind: type[KledError]) -> Iterator[KledError]:
    """Yield what the plain runner and Prefect's raise where the deadline ends the attempts."""
    error, time = example(kind), Time()

    def act(_session: object = None) -> str:
        raise error

    with pytest.raises(KledError) as plain:
        call(act, POLICY, time.clock)
    yield plain.value
    time = Time()
    attempts = Attempts(Step("try", act, POLICY), time, Silent())  # type: ignore[arg-type]
    time.now = 45
    with pytest.raises(KledError) as within:
        attempts.make()
        time.now = 90
        attempts.make()
    yield within.value


@pytest.mark.parametrize("kind", RETRIED, ids=lambda kind: kind.__name__)
def test_a_deadline_does_not_hide_what_kept_failing(kind: type[KledError], asked: Call) -> None:
    for error in late(kind):
        assert not error.retryable
        assert error.message.startswith("gave up after 1 minute: ")
        assert error.exit_code == kind.exit_code
        assert there(asked, edge.failed_state(error)) == kind.exit_code


def test_a_cluster_that_is_not_healthy_in_time_is_not_ready() -> None:
    assert [error.exit_code for error in late(ClusterNotReady)] == [3, 3]


def test_every_error_stands_in_the_one_module_where_a_followed_run_looks_its_class_up() -> None:
    known = {error.__name__ for error in ALL}
    root = Path(kled.__file__).parent
    rooms = [root, *(root.parent / room for room in ("deployments", "flows", "tasks"))]

    elsewhere = [
        f"{path}: {node.name}"
        for room in rooms
        for path in room.rglob("*.py")
        if path.parent != root / "errors"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id in known for base in node.bases)
    ]

    assert not elsewhere
