"""Maintenance windows in flows: outside of one a run waits or refuses, as its rule says."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE

from kled.config import Settings
from kled.operations import stores
from kled.operations.guards import windows
from tasks.running import logs, resources

_LOOK_EVERY: Final = 30.0
"""Seconds: a wait can be cancelled, and the machine's clock may be set."""


def wait_or_refuse(
    cluster: str,
    *,
    now: Callable[[], datetime] = stores.now,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Return inside the cluster's maintenance windows; without the lease until then.

    Raises `WindowClosed` where its rule says `refuse`, `NotApproved` where its deployment's rules
    were changed on the way.
    """
    window = windows.next_window_if_closed(_settings(), cluster, now())
    if window is None:
        return
    if window.outside == "refuse":
        raise windows.refusal(cluster, window, now())
    wait_until_open(cluster, now, sleep)


@task(
    name="wait for the maintenance window",
    task_run_name="wait for the maintenance window",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def wait_until_open(
    cluster: str, now: Callable[[], datetime], sleep: Callable[[float], None]
) -> None:
    """Return inside of a window; raise `WindowClosed` where the rule is another by then."""
    settings, told = _settings(), False
    while (window := windows.next_window_if_closed(settings, cluster, now())) is not None:
        moment = now()
        if window.outside == "refuse":
            raise windows.refusal(cluster, window, moment)
        opens = window.opens(moment)
        if not told:
            message = f"{cluster} may be changed from {opens:%Y-%m-%d %H:%M %Z}: waiting for it"
            logs.note(message)
            resources.watching().waits("the maintenance window", [message])
            told = True
        sleep(min(_LOOK_EVERY, max(1.0, (opens - moment).total_seconds())))


def _settings() -> Settings:
    """Return the settings with the windows of this run."""
    chosen = resources.settings()
    return replace(chosen, rules=resources.carry_rules(chosen.rules))
