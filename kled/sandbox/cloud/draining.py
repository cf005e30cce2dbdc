"""How kops drains a node: cordon, evict within budgets, wait until the pods are gone.

`evicting pod` is from capture cp-26; no capture shows a drain that a budget blocks: those words are
those of kubectl's drain and of kops' instancegroups.go (1.36.2).
"""

from kled.sandbox.clock import spelled
from kled.sandbox.cloud.account import Cloud
from kled.sandbox.context import Context, KopsFailure
from kled.sandbox.kubernetes import budgets, nodes, objects
from kled.sandbox.kubernetes.world import World

_AGAIN, _LOOK = 5.0, 1.0
"""Simulated seconds between tries of what a budget holds, and between looks at what is ending."""


def drain(ctx: Context, cloud: Cloud, cluster: str, node: str, patience: float) -> None:
    """Drain a node; pods of daemon sets and mirrors stay. Raises KopsFailure after `patience`."""
    waited = 0.0
    while True:
        with objects.edit(ctx, cloud, cluster) as world:
            if node not in world.joined:
                return
            nodes.cordon(world, node)
            held = [name for name in _here(world, node) if not _leaves(ctx, world, name)]
            left = _here(world, node)
        if not left:
            return
        if waited >= patience:
            namespace, _, name = left[0].partition("/")
            raise KopsFailure(
                f'error when evicting pods/"{name}" -n "{namespace}": global timeout reached:'
                f" {spelled(patience)}"
            )
        for pod in held:
            namespace, _, name = pod.partition("/")
            ctx.stderr.write(
                f'error when evicting pods/"{name}" -n "{namespace}" (will retry after 5s): Cannot'
                " evict pod as it would violate the pod's disruption budget.\n"
            )
        pause = _AGAIN if held else _LOOK
        ctx.sleep(pause)
        waited += pause


def _here(world: World, node: str) -> list[str]:
    return [
        name
        for name, pod in sorted(world.state["pods"].items())
        if pod["node"] == node and not pod["of_machine"]
    ]


def _leaves(ctx: Context, world: World, name: str) -> bool:
    """Evict a pod, once; return whether it is leaving."""
    if world.state["pods"][name]["leaving"]:
        return True
    refused = budgets.evict(world, name)
    if refused is not None and refused.status != 429:  # noqa: PLR2004 - no budget but for good
        raise KopsFailure(f'error when evicting pods/"{name}": {refused.message}')
    if refused is None:
        ctx.out(f"evicting pod {name}")
    return refused is None
