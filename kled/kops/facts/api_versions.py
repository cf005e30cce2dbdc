"""The API versions in which kops reads a definition; of another it dies, or refuses it. Pure.

An object of another group, or of none, is no type of kops: `get clusters` and every call that lists
the groups of its cluster panic (`Decode` of pkg/kopscodecs/codecs.go returns it as it is). An
unknown version of kops' own group is refused.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

STORED: Final = "kops.k8s.io/v1alpha2"
"""What kops 1.36 stores."""
_READ: Final = frozenset({STORED, "kops.k8s.io/v1alpha3"})
_OLD: Final = "kops/v1alpha2"
"""The group of the first kops: it is rewritten in lines that hold `apiVersion:` as it stands."""
WITH_THESE_FIELDS: Final = (STORED, _OLD)
"""Those of v1alpha2, whose types `kled.kops.fields.types` knows."""
_SHOWN: Final = 100


def findings(key: str, body: bytes, document: Mapping[str, Any]) -> Iterator[str]:
    """Yield what keeps kops from reading the Cluster or InstanceGroup at `key`, in words."""
    version = document.get("apiVersion")
    if (isinstance(version, str) and version in _READ) or (version == _OLD and _is_rewritten(body)):
        return
    has = f'the apiVersion "{str(version)[:_SHOWN]}"' if version else "no apiVersion"
    yield f"{key} has {has}, and kops reads {STORED}: it crashes of another, or refuses it"


def _is_rewritten(body: bytes) -> bool:
    lines = body.split(b"\n")
    return any(b"apiVersion:" in line and _OLD.encode() in line for line in lines)
