"""How kops replaces a machine: detach, validate, drain, stop, wait, each with its log line."""

from collections.abc import Sequence
from dataclasses import dataclass

from kled.sandbox.clock import spelled
from kled.sandbox.cloud import draining, health, instances
from kled.sandbox.cloud.account import Cloud, State
from kled.sandbox.cloud.health import Health
from kled.sandbox.cloud.instances import Machine
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.kubernetes import nodes, objects
from kled.sandbox.verbs.flags import Flags

_TICK, _REVALIDATE = 30.0, 10.0
"""Seconds between validations that fail, and between those that pass (captures cp-17, 57)."""
_DRAIN = 900.0
"""Kops' default of --drain-timeout."""
_SOURCE = "instancegroups.go"


@dataclass(frozen=True)
class Roller:
    """Replaces machines of one cluster; without `api` it neither validates nor drains."""

    ctx: Context
    cloud: Cloud
    cluster: str
    flags: Flags
    api: bool

    def validate(self, purpose: str, count: int) -> None:
        """Wait until the cluster is valid `count` times in a row.

        Raises KopsFailure after --validation-timeout (captures 57 and cp-19), unless
        --fail-on-validate-error is off.
        """
        if not self.api:
            self._log("W", 528, "Not validating cluster as cloudonly flag is set.")
            return
        self._log("I", 530, "Validating the cluster.")
        patience = self.flags["validation-timeout"]
        if self._becomes_valid(patience, count):
            return
        self._log("E", 535, f"Cluster did not validate within {spelled(patience)}")
        if self.flags["fail-on-validate-error"]:
            limit = f'cluster did not validate within a duration of "{spelled(patience)}"'
            raise KopsFailure(f"error validating cluster{purpose}: {limit}")

    def taint(self, machines: Sequence[Machine]) -> None:
        """Mark the machines that are to go, so that pods prefer the others."""
        with objects.edit(self.ctx, self.cloud, self.cluster) as world:
            fresh = [
                machine
                for machine in machines
                if machine.joined and not nodes.is_scheduled(world, machine.id)
            ]
        if not fresh:
            return
        noun = "node" if len(fresh) == 1 else "nodes"
        group = machines[0].short_group
        self._log("I", 364, f'Tainting {len(fresh)} {noun} in "{group}" instancegroup.')
        with self.cloud.edit() as state:
            for machine in fresh:
                state["instances"][machine.id]["tainted"] = True
        with objects.edit(self.ctx, self.cloud, self.cluster) as world:
            for machine in fresh:
                nodes.schedule(world, machine.id)

    def detach(self, machine: Machine) -> None:
        """Take a machine out of its group, which launches another."""
        line = 631 if self.api else 633
        self._log("I", line, f'Detaching instance {self._shown(machine)}"{machine.group}".')
        with self.cloud.edit() as state:
            state["instances"][machine.id]["detached"] = True
            self._settle(state, machine)

    def remove(self, machine: Machine, pause: float) -> None:
        """Drain and stop a machine, then wait."""
        if not machine.bastion:
            self._make_room(machine)
        shown = f'{self._shown(machine)}"{machine.group}"'
        line = 654 if self.api else 656
        self._log("I", line, f"Stopping instance {shown} (this may take a while).")
        with self.cloud.edit() as state:
            state["instances"].pop(machine.id, None)
            self._settle(state, machine)
        self._log("I", 491, f"waiting for {spelled(pause)} after terminating instance")
        self.ctx.sleep(pause)

    def _make_room(self, machine: Machine) -> None:
        if not self.api:
            self._log("W", 450, "Not draining cluster nodes as 'cloudonly' flag is set.")
            return
        if not machine.joined:
            why = "because it is not registered in kubernetes"
            self._log("W", 462, f'Skipping drain of instance "{machine.id}", {why}')
            return
        self._log("I", 453, f'Draining the node: "{machine.id}".')
        self._drain(machine)
        delay = self.flags["post-drain-delay"]
        self._log("I", 742, f"Waiting for {spelled(delay)} for pods to stabilize after draining.")
        self.ctx.sleep(delay)

    def _drain(self, machine: Machine) -> None:
        patience = self.flags.get("drain-timeout", _DRAIN)  # delete instance has no such flag
        try:
            draining.drain(self.ctx, self.cloud, self.cluster, machine.id, patience)
        except KopsFailure as failure:
            if self.flags["fail-on-drain-error"]:
                raise KopsFailure(f'failed to drain node "{machine.id}": {failure}') from failure
            self._log("I", 459, f'Ignoring error draining node "{machine.id}": {failure}')

    def _settle(self, state: State, machine: Machine) -> None:
        now = self.ctx.now().timestamp()
        instances.settle(state, self.cluster, machine.group, now)

    def _shown(self, machine: Machine) -> str:
        node = f', node "{machine.id}"' if self.api and machine.joined else ""
        return f'"{machine.id}"{node}, in group '

    def _becomes_valid(self, patience: float, count: int) -> bool:
        passed, waited = 0, 0.0
        while True:
            verdict = self._verdict()
            passed = 0 if verdict is None or verdict.failures else passed + 1
            if passed >= count:
                self._log("I", 566, "Cluster validated.")
                return True
            pause = _REVALIDATE if passed else _TICK
            self._announce_retry(verdict)
            self.ctx.sleep(pause)
            waited += pause
            if waited >= patience:
                self._log(
                    "I",
                    576,
                    "Cluster did not validate within deadline: error listing nodes: client rate "
                    "limiter Wait returned an error: context deadline exceeded.",
                )
                return False

    def _verdict(self) -> Health | None:
        try:
            return health.inspect(self.ctx, self.cloud, self.cluster)
        except KopsFailure as failure:
            again = f'Cluster did not validate, will retry in "{spelled(_TICK)}": {failure}.'
            self._log("I", 582, again)
            return None

    def _announce_retry(self, verdict: Health | None) -> None:
        if verdict is None:
            return
        if not verdict.failures:
            again = f"revalidating in {spelled(_REVALIDATE)} to make sure it does not flap"
            self._log("I", 569, f"Cluster validated; {again}.")
            return
        reasons = ", ".join(failure.message for failure in verdict.failures)
        again = f'will retry in "{spelled(_TICK)}"'
        self._log("I", 589, f"Cluster did not pass validation, {again}: {reasons}.")

    def _log(self, level: str, line: int, message: str) -> None:
        self.ctx.log(level, f"{_SOURCE}:{line}", message)
