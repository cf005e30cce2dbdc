"""`make bench`: overhead of the command line, of a flow, and the simulated kops' own speed.

With KLED_TEST_KOPS a real kops is the peer; without it the simulated one, which is slower, so that
the ratio flatters kled while the difference does not.

`--small` runs each command twice only: it tells that they run, not how fast.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.local import free_port, wait_for
from benchmarks.pairs import Timing, in_turn
from kled.sandbox import control
from tasks.running.environment import prepare

RUNS = 11
Row = tuple[str, float, float, float]
"""A figure, what was measured, its budget, and the CPU seconds of the same (seconds, medians)."""
CLUSTER = "bench.example.com"
KLED = [sys.executable, "-m", "kled", "kops", "get-clusters"]


def main() -> None:
    """Print one row per figure of docs/benchmarks.md, each as soon as it was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="two runs of each, for a look")
    runs = 1 if parser.parse_args().small else RUNS
    load = os.getloadavg()[0]
    print(f"load {load:.1f} on {os.cpu_count()} cores; wall times count only on an idle machine")
    print(f"{'FIGURE':<54}{'MEASURED':>10}{'BUDGET':>10}  WITHIN  CPU", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        box = Path(scratch) / "box"
        control.start(box, speed=10_000)
        env = {**_base(), **control.environment(box, path=os.environ.get("PATH", os.defpath))}
        _create(env)
        _show(_overhead("simulated kops, file://", env, runs))
        _show(_reads("file://", env, 0.35, runs))
        with _moto(Path(scratch)) as s3:
            env_s3 = {**env, **s3}
            _create(env_s3)
            _show(_reads("s3://", env_s3, 0.8, runs))
            real = os.environ.get("KLED_TEST_KOPS")
            if real:
                _show(_overhead("real kops, s3://", {**env_s3, "KLED_KOPS": real}, runs))
        _show(_flow(env, Path(scratch), min(runs, 5)))


def _show(rows: list[Row]) -> None:
    for figure, measured, budget, cpu in rows:
        verdict = "yes" if measured <= budget else "NO"
        print(
            f"{figure:<54}{measured:>8.3f} s{budget:>8.3f} s  {verdict:<6}{cpu:>6.3f} s", flush=True
        )


def _overhead(peer: str, env: dict[str, str], runs: int) -> list[Row]:
    bare, ours = in_turn([[env["KLED_KOPS"], "get", "clusters", "-o", "json"], KLED], env, runs)
    added, added_cpu = ours.median - bare.median, ours.median_cpu - bare.median_cpu
    print(
        f"get-clusters, {peer}: kled {_spread(ours)}, bare kops {_spread(bare)},"
        f" ratio {ours.median / bare.median:.2f}"
    )
    return [(f"get-clusters over bare kops ({peer})", added, 0.100, added_cpu)]


def _reads(store: str, env: dict[str, str], budget: float, runs: int) -> list[Row]:
    verbs = (
        ["get", "clusters", "-o", "json"],
        ["get", "ig", f"--name={CLUSTER}", "-o", "json"],
    )
    timings = in_turn([[env["KLED_KOPS"], *verb] for verb in verbs], env, runs)
    return [
        (f"simulated kops {' '.join(verb[:2])}, {store}", timing.median, budget, timing.median_cpu)
        for verb, timing in zip(verbs, timings, strict=True)
    ]


def _flow(env: dict[str, str], scratch: Path, runs: int) -> list[Row]:
    """CPU seconds of a five-task pipeline against a running server, beyond importing Prefect.

    The steps do nothing here: what is measured is kled's and Prefect's part, not kops'.
    """
    with _prefect(scratch) as prefect:
        nothing, pipeline = in_turn(
            [
                [sys.executable, "-c", "import prefect"],
                [sys.executable, "-m", "benchmarks.pipeline"],
            ],
            {**env, **prefect},
            runs,
        )
    beyond = pipeline.median_cpu - nothing.median_cpu
    return [("five-task pipeline beyond `import prefect` (CPU)", beyond, 0.400, beyond)]


def _create(env: dict[str, str]) -> None:
    kops = env["KLED_KOPS"]
    create = [kops, "create", "cluster", f"--name={CLUSTER}", "--cloud=aws", "--zones=us-east-1a"]
    subprocess.run(create, env=env, check=True, capture_output=True)


def _base() -> dict[str, str]:
    kept = ("PATH", "LANG", "TMPDIR")
    return {name: os.environ[name] for name in kept if name in os.environ}


def _spread(timing: Timing) -> str:
    return f"{timing.median:.3f} s ({min(timing.wall):.3f}-{max(timing.wall):.3f})"


@contextmanager
def _moto(scratch: Path) -> Iterator[dict[str, str]]:
    port = free_port()
    with (scratch / "moto.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-p", str(port)], stdout=log, stderr=log
        )
    try:
        endpoint = f"http://127.0.0.1:{port}"
        wait_for(f"{endpoint}/moto-api/data.json", 60)
        request = urllib.request.Request(f"{endpoint}/bench-state", method="PUT")
        urllib.request.urlopen(request).close()
        yield {
            "S3_ENDPOINT": endpoint,
            "S3_REGION": "us-east-1",
            "S3_ACCESS_KEY_ID": "bench",
            "S3_SECRET_ACCESS_KEY": "bench-secret",
            "AWS_ENDPOINT_URL": endpoint,
            "KOPS_STATE_STORE": "s3://bench-state",
        }
    finally:
        server.terminate()
        server.wait()


@contextmanager
def _prefect(scratch: Path) -> Iterator[dict[str, str]]:
    port = free_port()
    env = {
        **_base(),
        "HOME": str(scratch),
        "PREFECT_HOME": str(scratch / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
    }
    prepare(env)
    command = [sys.executable, "-m", "prefect", "server", "start", "--port", str(port)]
    with (scratch / "prefect.log").open("w") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        wait_for(f"http://127.0.0.1:{port}/api/health", 180)
        yield env
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
