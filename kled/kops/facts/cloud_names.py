"""Which instance group a name in the cloud belongs to: the names that kops itself gives, whole.

Sources: AWS and Azure `matchInstanceGroup` and `keyedByName` (role and cluster appended), Google
`NameForInstanceGroupManager` and `SafeObjectName`, DigitalOcean `matchInstanceGroup`; Hetzner,
OpenStack, Scaleway and Karpenter show the bare name (kops 1.36.2, captures 17b, 56). A group's name
may be the start of another's, and may hold dots: part of a name tells nothing.
"""

import re
from collections.abc import Mapping
from typing import Final

from kled.kops.facts.truncated import truncated
from kled.models.cluster import Role

_SUFFIX: Final[Mapping[Role, str]] = {"control-plane": ".masters", "apiserver": ".apiservers"}
_LIMIT: Final = 63
"""Characters of a name at Google."""


def group_of(name: str, groups: Mapping[str, Role], cluster: str) -> str | None:
    """Return the instance group whose machines, template or size the cloud keeps under `name`.

    `groups` are those of `cluster`, with their roles. None where the name is of none of them, and
    where it could be of several: who has to be sure then leaves it alone.
    """
    fitting = [group for group, role in groups.items() if _is_name(name, group, role, cluster)]
    return fitting[0] if len(fitting) == 1 else None


def _is_name(name: str, group: str, role: Role, cluster: str) -> bool:
    dotted = f"{group}{_SUFFIX.get(role, '')}.{cluster}"
    if name in {group, dotted, f"{cluster}-{group}"}:
        return True
    template, zone = f"{group}-{cluster}".replace(".", "-"), name.partition("-")[0]
    if name in {template, truncated(f"{zone}-{template}", _LIMIT)}:  # Google
        return True
    start, end = _pattern(group), _pattern(cluster)
    return re.fullmatch(rf"{start}-\d+-{end}", name) is not None  # OpenStack: a machine


def _pattern(name: str) -> str:
    return re.escape(name.lower().replace(".", "-").replace("_", "-"))
