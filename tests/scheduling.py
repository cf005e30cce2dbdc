"""Which of several processes runs which tests: those that share a server share a process."""

import pytest
from xdist.scheduler import LoadScopeScheduling

_OF_ONE_SERVER = "tests/flows"
"""Each process that runs one of these starts a Prefect server: 11 s of processor time."""


class ByServer(LoadScopeScheduling):  # type: ignore[misc] # xdist is not typed
    """By module, as `--dist loadscope`, but for the tests that share a Prefect server."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(f"{_OF_ONE_SERVER}/"):
            return _OF_ONE_SERVER
        return str(super()._split_scope(nodeid.partition("[")[0]))  # a parameter may hold a `::`


def is_quick(config: pytest.Config) -> bool:
    """Whether the slow tests are left out: of theirs each is worth more than a server."""
    return "not slow" in (config.option.markexpr or "")
