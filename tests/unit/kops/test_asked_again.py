"""A read that the cloud sends away is asked again, where nobody else does that (fault 74)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kled.errors import CloudUnavailable, KopsError, Throttled
from kled.kops.call import KopsCalls
from kled.kops.client import Kops
from tests.unit.kops.replay import Capture, Replay, capture

SERVER_ERROR = Capture(
    "503",
    "",
    "Error: error reading s3://b: operation error S3: GetObject, https response error"
    " StatusCode: 503, RequestID: r, HostID: h, api error ServiceUnavailable: try again\n",
    1,
)
SLOW_DOWN = Capture(
    "slow",
    "",
    "Error: error querying: operation error EC2: DescribeRegions, https response error"
    " StatusCode: 503, RequestID: r, api error RequestLimitExceeded: Request limit exceeded.\n",
    1,
)
GOOD = "10b-get-clusters-json"


def kops(
    tmp_path: Path, replay: Replay, slept: list[float] | None, told: list[str] | None = None
) -> Kops:
    return Kops(
        KopsCalls(
            "kops",
            run=replay,
            env={},
            state_store="s3://b",
            scratch=tmp_path,
            on_warning=told.append if told is not None else None,
            pause=slept.append if slept is not None else None,
        )
    )


READS: dict[str, Callable[[Kops], object]] = {
    "clusters": lambda kops: kops.cluster.list(),
    "definition": lambda kops: kops.definition.get("c.example.com"),
    "groups": lambda kops: kops.instance_groups.list("c.example.com"),
    "keypairs": lambda kops: kops.credentials.list_keypairs("c.example.com"),
    "preview": lambda kops: kops.cluster.preview_update("c.example.com"),
    "roll": lambda kops: kops.cluster.preview_rolling_update("c.example.com"),
    "upgrade": lambda kops: kops.definition.preview_upgrade("c.example.com"),
    "validate": lambda kops: kops.cluster.validate("c.example.com"),
}


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(
    ("answer", "error"), [(SERVER_ERROR, CloudUnavailable), (SLOW_DOWN, Throttled)]
)
def test_every_read_is_asked_again_a_few_times(
    tmp_path: Path, read: str, answer: Capture, error: type[KopsError]
) -> None:
    slept, told, replay = list[float](), list[str](), Replay([answer] * 4)

    with pytest.raises(error):
        READS[read](kops(tmp_path, replay, slept, told))

    assert slept == [1.0, 2.0, 4.0]
    assert len(replay.calls) == 4
    assert "is asked again" in told[0]


def test_the_first_good_answer_is_taken(tmp_path: Path) -> None:
    slept, replay = list[float](), Replay([SERVER_ERROR, capture(GOOD)])

    assert kops(tmp_path, replay, slept).cluster.list()
    assert slept == [1.0]


def test_what_does_not_pass_is_asked_once(tmp_path: Path) -> None:
    replay = Replay([capture("E06-cluster-not-found-get")])

    with pytest.raises(KopsError):
        kops(tmp_path, replay, []).cluster.get("c.example.com")
    assert len(replay.calls) == 1


def test_where_steps_try_again_kops_is_asked_once(tmp_path: Path) -> None:
    replay = Replay([SERVER_ERROR])

    with pytest.raises(CloudUnavailable):
        kops(tmp_path, replay, None).cluster.list()


def test_no_change_is_made_twice(tmp_path: Path) -> None:
    replay = Replay([SERVER_ERROR])

    with pytest.raises(CloudUnavailable):
        kops(tmp_path, replay, []).cluster.update("c.example.com")
    assert len(replay.calls) == 1
