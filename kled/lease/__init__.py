"""One writer per cluster (design D2).

    writer = Writer(owner="kled kops update-cluster", run_id=run_id, host=host, pid=os.getpid())
    clock = Clock(boot_time, time.sleep)
    with hold(store, cluster, writer=writer, terms=Terms(), clock=clock, environment=env) as held:
        process.run(argv, env=env, timeout=timeout, on_start=held.child_started)

`hold` raises `LeaseHeld` (exit 5) where another writer keeps the cluster for longer than
`terms.wait`, and `CapabilityMissing` where the store has no conditional writes: such a cluster
changes only with `--no-lease`. `held.child_started(pid)` fits `on_start`; it, `held.check()` and
the end of the `with` statement raise `LeaseLost` (exit 5) once the lease cannot be relied on.

`look(store, cluster, before, clock)` shows a lease to those who want none: an `Observation`, whose
`tag` is another one after each beat of a holder that lives.
"""

from kled.lease.clock import boot_time
from kled.lease.document import Lease, Terms, Writer
from kled.lease.held import Held
from kled.lease.hold import hold
from kled.lease.reading import look
from kled.lease.takeover import Observation
from kled.lease.waiting import Wait, Waiting, unseen

__all__ = [
    "Held",
    "Lease",
    "Observation",
    "Terms",
    "Wait",
    "Waiting",
    "Writer",
    "boot_time",
    "hold",
    "look",
    "unseen",
]
