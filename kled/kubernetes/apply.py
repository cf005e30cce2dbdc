"""Server-side apply: what kled wants of an object, and nothing else of it, under its own name."""

from collections.abc import Mapping
from typing import Any

from kled.errors import InvalidInput
from kled.kubernetes.client import MANAGER, Api


def apply(api: Api, document: Mapping[str, Any], *, force: bool = False) -> None:
    """Create or change one object; safe to repeat.

    Fields that another manager owns are a `KubernetesConflict`, unless `force` takes them over.
    Raises `InvalidInput` for a kind that no Kubernetes has by itself.
    """
    from lightkube import codecs  # noqa: PLC0415
    from lightkube.core.exceptions import LoadResourceError  # noqa: PLC0415

    metadata = document.get("metadata") or {}
    what = f"{document.get('kind', 'object')} {metadata.get('name', '')}"
    try:
        wanted: Any = codecs.from_dict(dict(document))
    except (LoadResourceError, KeyError, AttributeError, TypeError) as error:
        raise InvalidInput(what, "is not an object that kled can apply") from error
    with api.asking(f"to apply {what}") as client:
        client.apply(wanted, field_manager=MANAGER, force=force)
