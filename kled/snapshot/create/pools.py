"""The threads of a run: for requests, and for the clusters that are worked on."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from kled.pool import Pool

CLUSTERS_AT_ONCE: Final = 8
_REQUESTS_AT_ONCE: Final = 48


@contextmanager
def open_pools() -> Iterator[tuple[Pool, Pool]]:
    """Yield the pools of requests and of clusters; a failure waits for nothing that is queued."""
    with (
        Pool(_REQUESTS_AT_ONCE) as requests,
        Pool(CLUSTERS_AT_ONCE, "kled-cluster") as workers,
    ):
        try:
            yield requests, workers
        except BaseException:
            workers.shutdown(wait=False, cancel_futures=True)
            requests.shutdown(wait=False, cancel_futures=True)
            raise
