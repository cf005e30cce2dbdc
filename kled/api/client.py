"""`Kled`: one set of settings, and all that can be done with them, by noun."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from kled.api.observing import Logging, Observer
from kled.operations.guards.overrides import NOTHING, Overrides

if TYPE_CHECKING:
    from kled.api.calls import Calls
    from kled.api.clusters import Clusters
    from kled.api.credentials import Keypairs, Secrets
    from kled.api.epochs import Epochs
    from kled.api.health import Health
    from kled.api.instance_groups import InstanceGroups
    from kled.api.kubeconfigs import Kubeconfigs
    from kled.api.recovery import Recovery
    from kled.api.snapshots import Snapshots


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kled:
    """kops clusters of one state store, and their snapshots.

    Settings are read once, as the command line reads them: the arguments, then `KLED_*` variables
    of `environment`, then the settings file, then defaults. Protection, maintenance windows,
    leases, epochs and snapshots before a change hold as they do there. A method that changes
    something does it when it is called, and the `plan_` method beside it shows it before. Nothing
    asks a person.

    It holds no connection and nothing that changes: it may be used from several threads, and beside
    others in one process. Two changes of one cluster exclude each other by its lease, whoever makes
    them; each call belongs to the thread that makes it until it returns.

    Raises `SettingsError` for an unknown `KLED_*` variable or an unreadable settings file, and
    `InvalidInput` for a value that cannot be used. Nothing is asked of a store yet.
    """

    state_store: str | None = None
    """URL, for example `s3://acme-kops-state`."""
    snapshot_store: str | None = None
    """URL of another bucket; without one, no snapshot is taken before a change."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Variables for kops and for the clients of stores: PATH, HOME, the cloud's credentials. It is
    copied; the process's own variables are not looked at (`from_environment`)."""
    settings_file: Path | None = None
    """None: the one that the environment leads to, where it leads to one."""
    lease_wait: timedelta | None = None
    """How long to wait for another writer of a cluster; None: as configured, else until a silent
    one could be taken over."""
    owner: str | None = None
    """Who others see as the holder of a lease; None: the user and the host of this process."""
    overrides: Overrides = NOTHING
    """The guards that do not hold; by default all do."""
    observer: Observer = field(default_factory=Logging)
    """Who is told of steps; by default the logger `kled.api`."""
    _calls: "Calls" = field(init=False, repr=False)

    @classmethod
    def from_environment(
        cls,
        environment: Mapping[str, str] | None = None,
        *,
        state_store: str | None = None,
        snapshot_store: str | None = None,
    ) -> "Kled":
        """Return one that works as the command line would in `environment`.

        None means this process's own variables, as they are now: nothing else here reads them.
        """
        variables = os.environ if environment is None else environment
        return cls(environment=variables, state_store=state_store, snapshot_store=snapshot_store)

    def __post_init__(self) -> None:
        from kled.api.calls import Calls  # noqa: PLC0415 - `import kled.api` stays cheap
        from kled.config import load  # noqa: PLC0415

        variables = dict(self.environment)
        settings = load(
            variables,
            state=self.state_store,
            config=self.settings_file,
            snapshots=self.snapshot_store,
        )
        if self.lease_wait is not None:
            settings = replace(settings, lease_wait=self.lease_wait)
        for name, value in (
            ("environment", MappingProxyType(variables)),
            ("state_store", settings.state_store),
            ("snapshot_store", settings.snapshot_store),
            ("_calls", Calls(settings, self.overrides, self.owner, self.observer)),
        ):
            object.__setattr__(self, name, value)

    def overriding(self, overrides: Overrides) -> "Kled":
        """Return one like it for which these guards do not hold; for a single call, mostly."""
        return replace(self, overrides=overrides)

    def observed_by(self, observer: Observer) -> "Kled":
        """Return one like it that tells `observer` of its steps."""
        return replace(self, observer=observer)

    @property
    def clusters(self) -> "Clusters":
        """Create, change, roll and delete clusters."""
        from kled.api.clusters import Clusters  # noqa: PLC0415

        return Clusters(self._calls)

    @property
    def instance_groups(self) -> "InstanceGroups":
        """Create, edit, scale and delete groups of machines."""
        from kled.api.instance_groups import InstanceGroups  # noqa: PLC0415

        return InstanceGroups(self._calls)

    @property
    def keypairs(self) -> "Keypairs":
        """List and rotate the keysets of a cluster."""
        from kled.api.credentials import Keypairs  # noqa: PLC0415

        return Keypairs(self._calls)

    @property
    def secrets(self) -> "Secrets":
        """List, store and delete secrets; never their values."""
        from kled.api.credentials import Secrets  # noqa: PLC0415

        return Secrets(self._calls)

    @property
    def health(self) -> "Health":
        """Ask whether clusters are healthy."""
        from kled.api.health import Health  # noqa: PLC0415

        return Health(self._calls)

    @property
    def kubeconfigs(self) -> "Kubeconfigs":
        """Write kubeconfigs with credentials that expire."""
        from kled.api.kubeconfigs import Kubeconfigs  # noqa: PLC0415

        return Kubeconfigs(self._calls)

    @property
    def snapshots(self) -> "Snapshots":
        """Take, prove, compare, restore and keep snapshots."""
        from kled.api.snapshots import Snapshots  # noqa: PLC0415

        return Snapshots(self._calls)

    @property
    def epochs(self) -> "Epochs":
        """Ask which state store a cluster lives in, or say it after a recovery."""
        from kled.api.epochs import Epochs  # noqa: PLC0415

        return Epochs(self._calls)

    @property
    def recovery(self) -> "Recovery":
        """Say which case a loss is, and which steps lead back."""
        from kled.api.recovery import Recovery  # noqa: PLC0415

        return Recovery(self._calls)
