"""Let a queue run empty, then take its machines away: nothing is killed that still works.

python -m examples.drain_and_scale_down
"""

import httpx
from prefect import flow, task

from tasks.cluster import check_identity
from tasks.instance_group import (
    Target,
    check_scaling,
    drain_and_end_machines,
    hold_back,
    let_launch,
    set_bounds,
    wait_for_nodes,
)
from tasks.running.block import changing


@task(persist_result=False)
def close_queue(url: str) -> None:
    """Let the queue take no more work. Safe to repeat."""
    httpx.put(f"{url}/closed").raise_for_status()


@task(retries=120, persist_result=False)
def wait_until_empty(url: str) -> None:
    """Return when nothing waits in the queue any more; 120 looks are the most."""
    waiting = int(httpx.get(f"{url}/waiting").raise_for_status().text)
    if waiting:
        raise RuntimeError(f"{waiting} jobs wait in {url}")


@flow(name="drain-and-scale-down", persist_result=False)
def drain_and_scale_down(
    cluster: str, group: str, size: int, queue: str, every: float = 30
) -> None:
    """Close the queue, look `every` so many seconds until it is empty, and scale the group down.

    The queue drains before the block: nobody holds the cluster's lease for an hour.
    """
    close_queue(queue)
    wait_until_empty.with_options(retry_delay_seconds=every)(queue)
    wanted = Target(cluster, group, minimum=size, maximum=size)
    with changing(cluster):
        check_identity(cluster)
        check_scaling(wanted)
        hold_back(wanted)
        drain_and_end_machines(wanted)
        earlier = set_bounds(wanted)
        let_launch(wanted, earlier)
        wait_for_nodes(wanted)


if __name__ == "__main__":
    drain_and_scale_down("c.example.com", "workers", 1, "http://queue.example.com")
