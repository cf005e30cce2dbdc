"""Maintenance windows: a cluster is changed only within them."""

from datetime import datetime
from typing import TYPE_CHECKING

from kled.config import Settings
from kled.errors import WindowClosed
from kled.operations.guards.overrides import Overrides
from kled.rules import Window

if TYPE_CHECKING:
    from kled.operations.step import Operation


def next_window_if_closed(settings: Settings, cluster: str, now: datetime) -> Window | None:
    """Return the window that opens first; None where the cluster may be changed now.

    Where several windows bind a cluster, one that is open is enough.
    """
    windows = settings.rules.windows_of(cluster)
    if not windows or any(window.is_open(now) for window in windows):
        return None
    return min(windows, key=lambda window: window.opens(now))


def require_open(settings: Settings, cluster: str, now: datetime) -> None:
    """Raise `WindowClosed` where the cluster may not be changed now; it says when it may be."""
    window = next_window_if_closed(settings, cluster, now)
    if window is not None:
        raise refusal(cluster, window, now)


def require_open_for(
    operation: "Operation", settings: Settings, overrides: Overrides, now: datetime
) -> None:
    """Raise `WindowClosed` where a closed window binds the operation and was not overridden.

    The window is the one of the place that the operation writes to.
    """
    place = operation.guards.place_of(operation.cluster)
    if place is not None and operation.guards.windows and not overrides.no_window:
        require_open(settings, place.cluster, now)


def refusal(cluster: str, window: Window, now: datetime) -> WindowClosed:
    """Return the error for a change outside of the window."""
    opens = window.opens(now)
    return WindowClosed(
        f'cluster "{cluster}" may be changed from {opens:%Y-%m-%d %H:%M %Z} only',
        hint="wait for it, or in an emergency: --no-window",
    )
