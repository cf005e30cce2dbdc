"""The clock that leases are measured on."""

import time
from typing import Final

_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def boot_time() -> float:
    """Return seconds that only rise, go on in the machine's sleep and are equal in all processes.

    `time.monotonic` stands still while a laptop is suspended: its holder would wake up believing
    in a lease that others have long taken over. (Linux; elsewhere what CLOCK_MONOTONIC does.)
    """
    return time.clock_gettime(_CLOCK)
