"""`kops validate cluster`: one verdict, or with --wait as many as it takes."""

import json
from typing import Any

from kled.sandbox.cloud import health
from kled.sandbox.cloud.account import Cloud, connect
from kled.sandbox.cloud.file_tasks import document
from kled.sandbox.cloud.health import Failure, Health
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.definition.definitions import load_cluster, load_groups
from kled.sandbox.verbs.flags import Flags
from kled.sandbox.verbs.tables import render

_ROLES = {"Master": "ControlPlane", "Node": "Node", "Bastion": "Bastion"}
_GROUP_COLUMNS = ("NAME", "ROLE", "MACHINETYPE", "MIN", "MAX", "SUBNETS")
_UNHEALTHY = "cluster not yet healthy"


def run(ctx: Context, flags: Flags, args: list[str]) -> int:  # noqa: ARG001 - a verb's signature
    """Print verdicts until one suffices. Every failure's message starts `validation failed: `."""
    try:
        _validate(ctx, flags)
    except KopsFailure as failure:
        raise KopsFailure(f"validation failed: {failure}") from failure
    return 0


def _validate(ctx: Context, flags: Flags) -> None:
    name: str = flags["name"]
    output: str = flags["output"]
    if output not in {"json", "yaml", "table"}:
        raise KopsFailure(f'unknown output format: "{output}"')
    cluster = load_cluster(ctx, name)
    cloud = connect(ctx, cluster)
    if output == "table":
        ctx.out(f"Validating cluster {name}")
        ctx.out()
    try:
        health.require_authority(ctx, name)
    except KopsFailure as failure:
        raise KopsFailure(f"getting rest config: {failure}") from failure
    if not load_groups(ctx, name):
        raise KopsFailure("no InstanceGroup objects found")
    _Attempts(ctx, cloud, name, output).until_valid(flags)


class _Attempts:
    """The loop of kops' validation: time is counted in what it has waited (capture cp-08)."""

    def __init__(self, ctx: Context, cloud: Cloud, name: str, output: str) -> None:
        self._ctx, self._cloud, self._name, self._output = ctx, cloud, name, output

    def until_valid(self, flags: Flags) -> None:
        """Return after enough valid verdicts. Raises KopsFailure as kops words it."""
        patience, pause, wanted = flags["wait"], flags["interval"], flags["count"]
        valid, waited = 0, 0.0
        while True:
            if patience and waited >= patience:
                raise KopsFailure("wait time exceeded during validation")
            if self._attempt(wait=bool(patience)):
                valid += 1
                if valid >= wanted:
                    return
                text = f"(will retry): cluster passed validation {valid} consecutive times"
                self._ctx.log("I", "validate_cluster.go:229", text)
            else:
                valid = 0
            self._ctx.sleep(pause)
            waited += pause

    def _attempt(self, *, wait: bool) -> bool:
        try:
            verdict = health.inspect(self._ctx, self._cloud, self._name)
        except KopsFailure as failure:
            text = f"unexpected error during validation: {failure}"
            if not wait:
                raise KopsFailure(text) from failure
            self._ctx.log("W", "validate_cluster.go:193", f"(will retry): {text}")
            return False
        _PRINTERS[self._output](self._ctx, self._name, verdict)
        self._ctx.stdout.flush()
        if not verdict.failures:
            return True
        if not wait:
            raise KopsFailure(_UNHEALTHY)
        self._ctx.log("W", "validate_cluster.go:241", f"(will retry): {_UNHEALTHY}")
        return False


def _print_table(ctx: Context, name: str, verdict: Health) -> None:
    groups = [_group_row(group) for group in verdict.groups]
    bad = {failure.name for failure in verdict.failures if "not ready" in failure.message}
    nodes = sorted(
        (m.id, health.role(m), "False" if m.id in bad else "True") for m in verdict.nodes
    )
    _section(ctx, "INSTANCE GROUPS", render(_GROUP_COLUMNS, groups))
    _section(ctx, "NODE STATUS", render(("NAME", "ROLE", "READY"), nodes))
    if not verdict.failures:
        ctx.out(f"Your cluster {name} is ready")
        return
    failures = sorted((f.kind, f.name, f.message) for f in verdict.failures)
    _section(ctx, "VALIDATION ERRORS", render(("KIND", "NAME", "MESSAGE"), failures))
    ctx.out("Validation Failed")


def _section(ctx: Context, title: str, table: str) -> None:
    ctx.out(title)
    ctx.out(table)


def _group_row(group: dict[str, Any]) -> tuple[str, ...]:
    spec = group["spec"]
    return (
        group["metadata"]["name"],
        _ROLES[spec["role"]],
        spec["machineType"],
        str(spec.get("minSize", "-")),
        str(spec.get("maxSize", "-")),
        ",".join(spec["subnets"]),
    )


def _document(verdict: Health) -> dict[str, Any]:
    """Return what kops marshals; both lists are omitted where they are empty."""
    bad = {failure.name for failure in verdict.failures if "not ready" in failure.message}
    failures = [_failure(failure) for failure in verdict.failures]
    nodes = [
        {
            "name": machine.id,
            "zone": machine.zone,
            "role": health.role(machine),
            "hostname": machine.id,
            "status": "False" if machine.id in bad else "True",
        }
        for machine in verdict.nodes
    ]
    return {
        **({"failures": failures} if failures else {}),
        **({"nodes": nodes} if nodes else {}),
    }


def _failure(failure: Failure) -> dict[str, Any]:
    shown = {"type": failure.kind, "name": failure.name, "message": failure.message}
    if failure.group is None:
        return shown
    return {**shown, "instanceGroup": _internal(failure.group)}


def _internal(group: dict[str, Any]) -> dict[str, Any]:
    """Return a group in kops' internal version, whose role is `ControlPlane` (capture 55)."""
    metadata, spec = dict(group["metadata"]), group["spec"]
    order = ("name", "generation", "creationTimestamp", "labels")
    shown = {name: metadata[name] for name in order if name in metadata}
    first = ("role", "image", "minSize", "maxSize", "machineType", "subnets", "nodeLabels")
    body = {**spec, "role": _ROLES[spec["role"]]}
    names = [*(n for n in first if n in body), *sorted(n for n in body if n not in first)]
    return {"metadata": shown, "spec": {name: body[name] for name in names}}


def _print_json(ctx: Context, name: str, verdict: Health) -> None:  # noqa: ARG001 - a printer's signature
    ctx.stdout.write(json.dumps(_document(verdict), separators=(",", ":")))


def _print_yaml(ctx: Context, name: str, verdict: Health) -> None:  # noqa: ARG001 - a printer's signature
    ctx.stdout.write(document(_document(verdict)).decode())


_PRINTERS = {"table": _print_table, "json": _print_json, "yaml": _print_yaml}
