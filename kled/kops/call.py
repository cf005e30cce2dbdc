"""One kops call: its environment, redacted output, deadline, and its failure as an error."""

import copy
import os
import shlex
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final, Self

from kled import commands
from kled.errors import KopsError
from kled.kops.facts.feature_flags import feature_flags
from kled.kops.facts.versions import as_kops_takes
from kled.kops.failures.causes import SERVER_ERROR, THROTTLED
from kled.kops.failures.classify import classify, last_error
from kled.kops.failures.failure_row import first
from kled.kops.failures.unloadable import require_own_name
from kled.kops.failures.vain_waits import WatchedLines
from kled.kops.failures.warnings import warnings
from kled.kops.remembered_answers import Remembered
from kled.kops.state_store.irregular import require_files
from kled.process import Finished, OnLine, OnStart, Runner, Stream
from kled.redact import Redactor, secret_values
from kled.store_urls import require_endpoint, with_scheme

READ_TIMEOUT: Final = timedelta(minutes=3)
"""One read; the AWS SDK may retry for more than a minute (captures E04b, E09b)."""
CHANGE_TIMEOUT: Final = timedelta(minutes=60)
"""One change or preview; kops gives up on a cloud task after 10 minutes without progress."""
DRY_RUN_PREFIX: Final = ".kled/dry-run"
EDITOR_SCRIPT: Final = "editor.sh"
"""Below the scratch directory; there while an edited text is stored (`kled.kops.verbs.edit`)."""
_PAUSES: Final = (1.0, 2.0, 4.0)
"""Seconds before a read is tried again."""
_ENDPOINT: Final = "S3_ENDPOINT"
_CHOOSING: Final = frozenset({"KOPS_CLUSTER_NAME", "KUBE_EDITOR"})


class KopsCalls:
    """Runs kops for the verbs, which share it (`kled.kops.client`).

    Every call gets a private KUBECONFIG below `scratch` (which must be a directory of mode 0700),
    no editor, the state store by `KOPS_STATE_STORE`, and `--name` by its builder, so that nothing
    depends on what the machine's kubectl points at. Secrets reach kops by the environment alone.
    """

    def __init__(  # noqa: PLR0913 - everything that a call depends on, named once
        self,
        program: Path | str,
        *,
        run: Runner,
        env: Mapping[str, str],
        state_store: str,
        scratch: Path,
        redactor: Redactor | None = None,
        on_line: Callable[[str], None] | None = None,
        on_start: OnStart | None = None,
        on_warning: Callable[[str], None] | None = None,
        pause: Callable[[float], None] | None = None,
        timeout: timedelta = CHANGE_TIMEOUT,
        read_timeout: timedelta = READ_TIMEOUT,
        keeps_snapshots: bool = True,
    ) -> None:
        self.program = str(program)
        self.state_store = state_store.rstrip("/")
        self._run = run
        self._env = child_environment(env, self.state_store, scratch)
        self.scratch = scratch
        self._redactor = redactor or Redactor(secret_values(env))
        self._on_line = on_line
        self._on_start = on_start
        self._on_warning = on_warning
        self._pause = pause
        """Waits so many seconds before a read is tried again; None: it is tried once."""
        self.timeout = timeout
        self.read_timeout = read_timeout
        self._keeps_snapshots = keeps_snapshots
        """Whether there are snapshots: hints name no command on them where none can be."""

    def at(self, state_store: str) -> Self:
        """Return the same kops at another state store."""
        other = copy.copy(self)
        other.state_store = state_store.rstrip("/")
        other._env = {**self._env, "KOPS_STATE_STORE": as_kops_takes(state_store)}  # noqa: SLF001
        return other

    def telling(self, on_line: Callable[[str], None], timeout: timedelta) -> Self:
        """Return the same kops with other patience, whose lines are told to `on_line`, too."""
        other, before = copy.copy(self), self._on_line

        def both(line: str) -> None:
            if before is not None:
                before(line)
            on_line(line)

        other._on_line = both  # noqa: SLF001
        other.timeout = timeout
        return other

    def remembering(self) -> Self:
        """Return the same kops, which asks each thing once: for looks that belong together."""
        other = copy.copy(self)
        other._run = Remembered(self._run)  # noqa: SLF001
        return other

    def read(self, argv: list[str]) -> str:
        """Return the stdout of a read; raise what `classify` makes of a failure.

        Raises `OutputUnreadable` where kops warns that it read another cluster's definition.
        """
        return self.looked_at(argv, self.asked(argv, self.read_timeout))

    def read_list(self, argv: list[str], none: str) -> str:
        """Return the stdout of a listing, `[]` where kops fails with `none`, as for no clusters."""
        finished = self.asked(argv, self.read_timeout)
        if finished.returncode and self.said(finished).lower() == none:
            return "[]"
        return self.looked_at(argv, finished)

    def preview(self, argv: list[str]) -> str:
        """Return the redacted stdout of a preview; raise what `classify` makes of it."""
        return self._redactor.text(self.ended(argv, self.asked(argv, self.timeout)))

    def asked(self, argv: list[str], timeout: timedelta) -> Finished:
        """Run what only reads, and again where the cloud sent it away, for which there is time.

        A server error or a wish to slow down passes; steps have policies of their own for it, and
        a kops of theirs tries once.
        """
        for delay in _PAUSES if self._pause else ():
            finished = self.call(argv, timeout)
            passing = first((*THROTTLED, *SERVER_ERROR), self.clean(self.said(finished)))
            if finished.returncode == 0 or passing is None or self._pause is None:
                return finished
            if self._on_warning is not None:
                self._on_warning(f"kops {verb(argv)} is asked again: {passing.message}")
            self._pause(delay)
        return self.call(argv, timeout)

    def change(self, argv: list[str], *, cloud: str | None = None) -> str:
        """Return the redacted stdout of a change or a preview; raise what `classify` makes of it.

        Raises within seconds where kops reports a cause that waiting does not cure, although kops
        itself would go on for 10 minutes (design D3); the child is stopped.
        """
        return self._redactor.text(self.ended(argv, self.call(argv, self.timeout, cloud)))

    def looked_at(self, argv: list[str], finished: Finished) -> str:
        """Return the stdout of a read that succeeded; say what kops warns of. Raises as `read`."""
        require_own_name(self.clean(finished.stderr), self.state_store)  # be it in a failure
        text = self.ended(argv, finished)
        self.warn(argv, finished)
        return text

    def warn(self, argv: list[str], finished: Finished) -> None:
        """Tell what kops warns of on the stderr of a call that succeeded, with the cluster."""
        if self._on_warning is None:
            return
        name = named_in(argv)
        for warning in warnings(self.clean(finished.stderr)):
            self._on_warning(f"{name}: kops warns: {warning}" if name else f"kops warns: {warning}")

    def call(self, argv: list[str], timeout: timedelta, cloud: str | None = None) -> Finished:
        """Run kops once, whatever it ends with; `cloud` adds its feature flags.

        Raises `DefinitionRejected`, and runs nothing, where kops would wait for what it reads.
        """
        require_files(self.state_store, named_in(argv), verb(argv))
        env = with_feature_flags(self._env, self.state_store, cloud)
        return self._run(
            [self.program, *argv],
            env=env,
            timeout=timeout,
            on_line=self._follower(argv),
            on_start=self._on_start,
        )

    def _follower(self, argv: list[str]) -> OnLine:
        """Return what looks at each line: redacts it, passes it on, and stops a vain wait.

        The stdout of reads and previews is data, that of acts is talk.
        """
        streams: dict[Stream, Redactor] = {"stderr": copy.copy(self._redactor)}
        if "--yes=true" in argv:
            streams["stdout"] = copy.copy(self._redactor)

        waiting = {stream: WatchedLines() for stream in streams}

        def follow(stream: Stream, line: str) -> None:
            if stream not in streams:
                return
            clean = streams[stream].line(line)
            if self._on_line is not None:
                self._on_line(clean)
            cause = waiting[stream].cause(clean)
            if cause is not None:
                cause.command = verb(argv)
                raise cause

        return follow

    def ended(self, argv: list[str], finished: Finished) -> str:
        """Return the stdout of a call that succeeded; raise the error of one that did not."""
        if finished.returncode == 0:
            return finished.stdout
        raise self._failure(argv, finished)

    def clean(self, text: str) -> str:
        """Return the text without secrets."""
        return self._redactor.text(text)

    def said(self, finished: Finished) -> str:
        """Return kops' last `Error:` line without that word."""
        return last_error(finished.stderr)

    def _failure(self, argv: list[str], finished: Finished) -> KopsError:
        clean = self._redactor.text
        error = classify(
            verb(argv), finished.returncode, clean(finished.stdout), clean(finished.stderr)
        )
        hint = error.hint or ""
        if not self._keeps_snapshots:
            hint = commands.without_snapshots(hint)
        if name := named_in(argv):
            hint = commands.about(hint, name)
        return error.with_hint(hint or None)


def named_in(argv: list[str]) -> str | None:
    """Return the cluster that a call names; None: it is about all, or about a file's."""
    names = (word.removeprefix("--name=") for word in argv if word.startswith("--name="))
    return next(names, None)


def verb(argv: list[str]) -> str:
    """Return the words before the first flag, for example `get clusters`."""
    return " ".join(argv[:2]) if len(argv) > 1 and not argv[1].startswith("-") else argv[0]


def child_environment(env: Mapping[str, str], state_store: str, scratch: Path) -> dict[str, str]:
    """Return the environment of kops: `env` without what would let it choose by itself.

    EDITOR is a script that is usually absent, so that `kops edit` fails instead of waiting. Kops
    splits EDITOR at spaces, or hands it to a shell where it holds quotes; both work. What a failed
    edit leaves in TMPDIR (capture 30g) goes with the scratch directory. Raises `InvalidInput` for a
    store of a service without its endpoint: requests for it would go to Amazon.
    """
    require_endpoint(state_store, env.get(_ENDPOINT))
    kept = {name: value for name, value in env.items() if name not in _CHOOSING}
    if kept.get(_ENDPOINT):  # kops takes nothing else for an address
        kept[_ENDPOINT] = with_scheme(kept[_ENDPOINT])
    return {
        "PATH": os.defpath,
        **kept,
        "KOPS_STATE_STORE": as_kops_takes(state_store),
        "KUBECONFIG": str(scratch / "kubeconfig"),
        "EDITOR": shlex.join(["/bin/sh", str(scratch / EDITOR_SCRIPT)]),
        "TMPDIR": str(scratch),
    }


def with_feature_flags(
    env: Mapping[str, str], state_store: str, cloud: str | None
) -> dict[str, str]:
    """Return `env` with the feature flags that the cloud and the state store need added."""
    given = [flag for flag in env.get("KOPS_FEATURE_FLAGS", "").split(",") if flag]
    named = {flag.lstrip("+-") for flag in given}
    more = [flag for flag in feature_flags(cloud, state_store, env) if flag not in named]
    return {**env, **({"KOPS_FEATURE_FLAGS": ",".join([*given, *more])} if more else {})}
