"""Each fault of the sandbox, met by whole operations: they end well, or with the narrowest error.

Every kops is a process, and they are counted. Waits between attempts are a clock's that jumps.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kled import config, process
from kled.errors import (
    ApiUnreachable,
    CloudUnavailable,
    ClusterNotFound,
    ClusterNotReady,
    DeadlineExceeded,
    DefinitionRejected,
    KledError,
    KopsError,
    PermanentCloudError,
    Throttled,
)
from kled.kops.call import KopsCalls
from kled.kops.client import Kops
from kled.models.rolling import Roll
from kled.models.spec import ClusterSpec
from kled.operations.cluster.create_cluster import CreateCluster
from kled.operations.cluster.update_cluster import UpdateCluster
from kled.operations.guards.overrides import Overrides
from kled.operations.health.validate_cluster import ValidateCluster
from kled.operations.roll.roll_cluster import RollCluster
from kled.operations.runner import Report, Row, run
from kled.operations.session import Session, Who
from kled.operations.step import Operation, Step
from kled.retry import CHANGE, Clock
from kled.sandbox import control, faults
from tests.boxes import SPEED, Box, make_box
from tests.processes import simulated

NAME = "faults.example.com"
HALF_AN_HOUR = timedelta(minutes=30)


@dataclass
class Stage:
    """A sandbox, operations in it, and what was tried again."""

    box: Box
    passed: float = 0.0
    tries: list[str] = field(default_factory=list)
    on_retry: Callable[[], None] = lambda: None

    def run(self, operation: Operation, *, timeout: timedelta = timedelta(minutes=2)) -> Report:
        settings = config.load(self.box.env)
        scratch = self.box.directory / "scratch"
        scratch.mkdir(mode=0o700, exist_ok=True)
        assert settings.kops is not None
        kops = Kops(
            KopsCalls(
                settings.kops,
                run=process.run,
                env=settings.environment,
                state_store=str(settings.state_store),
                scratch=scratch,
                timeout=timeout,
                read_timeout=timeout,
            )
        )
        who = Who("test", "run", timedelta(0))
        return run(
            operation,
            Session(settings, kops, self._clock(), who, None, overrides=Overrides(no_lease=True)),
            self,
        )

    def started(self, step: Step) -> None:
        """Nothing is shown."""

    def retried(self, step: Step, error: KledError) -> None:
        self.tries.append(f"{step.name}: {type(error).__name__}")
        self.on_retry()

    def ended(self, row: Row) -> None:
        """Nothing is shown."""

    def strike(self, fault: str, **options: Any) -> None:
        faults.inject(self.box.directory, fault, **options)

    def mend(self) -> None:
        faults.clear(self.box.directory)

    def calls(self, verb: str = "") -> list[str]:
        return [call for call in self.box.calls() if call.startswith(verb)]

    def _clock(self) -> Clock:
        def sleep(seconds: float) -> None:
            self.passed += seconds
            time.sleep(seconds / 1000)

        return Clock(lambda: time.monotonic() + self.passed, sleep, lambda: 0.0)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(with_small_keys(make_box(tmp_path / "box")))


@pytest.fixture
def healthy(stage: Stage) -> Stage:
    """A stage with a cluster that is up; its calls are counted from there."""
    return with_cluster(stage)


def with_small_keys(box: Box) -> Box:
    """Spare half a second for each cluster: nothing here trusts them (TLS takes none so small)."""
    box.env["KOPS_RSA_PRIVATE_KEY_SIZE"] = "1024"
    return box


def with_cluster(stage: Stage) -> Stage:
    stage.run(create(stage))
    stage.box.counted.file.unlink()
    return stage


def create(stage: Stage, patience: timedelta = HALF_AN_HOUR) -> CreateCluster:
    spec = ClusterSpec(name=NAME, zones=("us-east-1a",), node_count=2)
    return CreateCluster(spec, stage.box.directory / "kubeconfig", patience)


UPDATE = UpdateCluster(NAME)
VALIDATE = ValidateCluster(NAME)
APPLY = f"update cluster --name={NAME} --yes=true"


def outgrow(stage: Stage) -> None:
    """Change the definition, so that there is something to update."""
    done = stage.box.kops(
        "edit", "instancegroup", "nodes-us-east-1a", f"--name={NAME}", "--set=spec.maxSize=5"
    )
    assert done.returncode == 0, done.stderr


def test_a_create_that_is_throttled_for_a_while_ends_well(stage: Stage) -> None:
    stage.strike("throttled", calls=2)

    report = stage.run(create(stage))

    assert {row.outcome for row in report.rows} == {"done"}
    assert len(stage.tries) == 2
    assert all(one.endswith("Throttled") for one in stage.tries)


def test_throttling_that_does_not_end_is_given_up_after_the_policy_s_attempts(
    healthy: Stage,
) -> None:
    healthy.strike("throttled")

    with pytest.raises(Throttled) as caught:
        healthy.run(UPDATE)

    assert "RequestLimitExceeded" in caught.value.message
    assert caught.value.exit_code == 1
    assert len(healthy.calls()) == CHANGE.attempts


@pytest.mark.parametrize("operation", [UPDATE, VALIDATE], ids=lambda one: one.name)
def test_a_kops_that_hangs_is_stopped_at_its_deadline_and_not_started_again(
    tmp_path: Path, operation: Operation
) -> None:
    healthy = with_cluster(Stage(with_small_keys(make_box(tmp_path / "box", started=True))))
    healthy.strike("hang")

    with pytest.raises(DeadlineExceeded, match="was stopped"):
        healthy.run(operation, timeout=timedelta(seconds=2))

    assert len(healthy.calls()) == 1
    assert simulated(healthy.box) == []


@pytest.mark.parametrize("writes", [1, 3, 10, 40])
def test_a_kops_that_is_killed_while_it_creates_is_named_and_the_next_run_ends_well(
    stage: Stage, writes: int
) -> None:
    stage.strike("die-after", writes=writes)

    with pytest.raises(KopsError, match="signal 9") as caught:
        stage.run(create(stage))

    assert type(caught.value) is KopsError
    assert stage.tries == []
    stage.mend()
    assert stage.run(create(stage)).rows[-1].outcome == "done"


def test_a_cluster_that_flaps_is_healthy_when_one_verdict_says_so(healthy: Stage) -> None:
    healthy.strike("flapping", turn=1)

    healthy.run(VALIDATE)

    assert healthy.tries == ["validate cluster: ClusterNotReady"]
    assert len(healthy.calls("validate cluster")) == 2


def test_a_create_whose_nodes_never_join_names_them_when_its_patience_ends(stage: Stage) -> None:
    stage.strike("never-joins")

    with pytest.raises(DeadlineExceeded, match="has not yet joined cluster") as caught:
        stage.run(create(stage, timedelta(minutes=1)))

    assert isinstance(caught.value.__cause__, ClusterNotReady)
    assert len(stage.calls("validate cluster")) > 2
    assert len(stage.calls(APPLY)) == 1


@pytest.mark.parametrize(
    ("fault", "options", "words"),
    [
        ("not-ready", {}, 'of role "node" is not ready'),
        ("not-ready", {"group": "control-plane-us-east-1a"}, 'of role "control-plane" is not'),
        ("pod-pending", {"pods": "coredns-x"}, "coredns-x"),
        ("missing-pod", {"pod": "kube-scheduler"}, "kube-scheduler"),
    ],
)
def test_what_keeps_a_cluster_from_being_healthy_is_named(
    healthy: Stage, fault: str, options: dict[str, str], words: str
) -> None:
    healthy.strike(fault, **options)

    with pytest.raises(DeadlineExceeded, match=words) as caught:
        healthy.run(ValidateCluster(NAME, timedelta(seconds=25)))

    assert type(caught.value.__cause__) is ClusterNotReady
    assert len(healthy.calls()) == 3


def test_a_cluster_that_heals_in_time_is_healthy(healthy: Stage) -> None:
    healthy.strike("not-ready")
    healthy.on_retry = healthy.mend

    healthy.run(VALIDATE)

    assert len(healthy.calls("validate cluster")) == 2


@pytest.mark.parametrize(
    "operation", [VALIDATE, RollCluster(NAME, Roll())], ids=lambda one: one.name
)
def test_an_api_that_does_not_answer_is_waited_for(healthy: Stage, operation: Operation) -> None:
    healthy.strike("api-unreachable")
    healthy.on_retry = healthy.mend

    report = healthy.run(operation)

    (again,) = [row for row in report.rows if row.attempts == 2]
    assert healthy.tries == [f"{again.step}: ApiUnreachable"]


def test_an_api_that_never_answers_fails_a_roll_without_a_machine_lost(healthy: Stage) -> None:
    before = healthy.box.kops("get", "instances", f"--name={NAME}", "-o=json").stdout
    healthy.strike("api-unreachable")

    with pytest.raises(ApiUnreachable) as caught:
        healthy.run(RollCluster(NAME, Roll()))

    assert caught.value.exit_code == 3
    assert len(healthy.calls()) == CHANGE.attempts
    healthy.mend()
    assert healthy.box.kops("get", "instances", f"--name={NAME}", "-o=json").stdout == before


def test_a_region_that_is_down_fails_after_a_few_attempts_and_nothing_is_stored(
    stage: Stage,
) -> None:
    stage.strike("region-down", region="us-east-1")

    with pytest.raises(CloudUnavailable) as caught:
        stage.run(create(stage))

    assert "us-east-1" in caught.value.message
    assert len(stage.calls("create cluster")) == CHANGE.attempts
    assert stage.box.state() == {}


def test_an_update_goes_on_when_its_region_is_back(healthy: Stage) -> None:
    outgrow(healthy)
    healthy.strike("region-down")
    healthy.on_retry = healthy.mend

    report = healthy.run(UPDATE)

    assert (report.rows[-1].attempts, report.rows[-1].words) == (2, "applied: 1 to modify")
    assert [call.startswith(APPLY) for call in healthy.calls()] == [False, False, True]


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        (UpdateCluster("absent.example.com"), ClusterNotFound),
        (ValidateCluster("absent.example.com"), ClusterNotFound),
    ],
    ids=lambda one: getattr(one, "name", one.__class__.__name__),
)
def test_a_permanent_error_starts_exactly_one_kops(
    stage: Stage, operation: Operation, error: type[KledError]
) -> None:
    with pytest.raises(error) as caught:
        stage.run(operation)

    assert caught.value.exit_code == 1
    assert len(stage.calls()) == 1
    assert stage.tries == []


def test_a_definition_that_kops_refuses_is_tried_once_and_not_left_behind(stage: Stage) -> None:
    access = ("spec.kubernetesApiAccess=banana",)
    spec = ClusterSpec(name=NAME, zones=("us-east-1a",), set=access)

    with pytest.raises(DefinitionRejected):
        stage.run(CreateCluster(spec, stage.box.directory / "kubeconfig"))

    assert len(stage.calls("create cluster")) == 1
    assert stage.box.state() == {}


@pytest.mark.slow
def test_a_refused_task_ends_the_update_though_kops_would_go_on_for_minutes(
    healthy: Stage,
) -> None:
    outgrow(healthy)
    control.start(healthy.box.directory, speed=1)
    healthy.strike(
        "cloud-refuses", task="AutoscalingGroup", code="InvalidAMIID.NotFound", words="x"
    )

    with pytest.raises(PermanentCloudError) as caught:
        healthy.run(UPDATE)

    assert caught.value.message == "AWS has no such image: InvalidAMIID.NotFound: x"
    assert len(healthy.calls(APPLY)) == 1
    assert caught.value.stderr == ""  # stopped at its first complaint, it never came to its end
    healthy.mend()
    control.start(healthy.box.directory, speed=SPEED)
    assert healthy.run(UPDATE).rows[-1].words == "applied: 1 to modify"


@pytest.mark.slow
def test_a_task_that_is_throttled_is_left_to_kops(healthy: Stage) -> None:
    outgrow(healthy)
    healthy.strike("cloud-refuses", code="RequestLimitExceeded", calls=3)

    assert healthy.run(UPDATE).rows[-1].words == "applied: 1 to modify"

    assert len(healthy.calls(APPLY)) == 1
    assert healthy.tries == []
