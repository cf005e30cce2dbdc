"""What kled makes automations for, and how each is found again; imports no Prefect."""

from typing import Final

LOST: Final = "crash runs whose heartbeat stopped"
ABANDONED: Final = "end cancelled runs that nothing ends"
TOLD: Final = ("failed", "crashed", "cancelled", "late")
REFUSED: Final = "tell of runs that could not be started"
OVERDUE: Final = "tell of overdue back-ups"
UNHEALTHY: Final = "tell of clusters that are not healthy"
CURED: Final = "tell of clusters that are healthy again"
UNSEEN: Final = "tell of clusters that nobody looks at"
MARKERS: Final = "tell of missing markers of etcd"
UNCHECKED: Final = "tell of health that nobody checks"


def telling(state: str) -> str:
    """Return what the automation is for that tells of runs in a state of `TOLD`."""
    return f"tell of {state} runs"


ENDING_KINDS: Final = (LOST, ABANDONED)
"""They end runs whose process is gone."""
TELLING_KINDS: Final = (
    *map(telling, TOLD),
    *(REFUSED, OVERDUE, UNHEALTHY, CURED, UNSEEN, MARKERS, UNCHECKED),
)
"""They tell people, and need a notification block."""


def tag(environment: str, kind: str) -> str:
    """Return the tag that an automation alone bears, whatever name somebody gave it."""
    return f"kled:{environment}:{kind.replace(' ', '-')}"
