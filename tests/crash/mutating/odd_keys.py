"""Keys that no kled and no kops wrote, in either store; `{id}` is that of a snapshot."""

from collections.abc import Mapping
from typing import Final, Literal

LATE: Final = "29991231T000000Z-00000000"
WIDE: Final = "\uff12\uff10\uff12\uff161129T000000Z-00000000"
CLUSTER: Final = "demo.k8s.local"
ODD: Final[Mapping[Literal["state", "kept"], tuple[str, ...]]] = {
    "kept": (
        "clusters/../x",
        "clusters/..evil/{id}/manifest.json",
        "clusters/a b/{id}/manifest.json",
        f"clusters/{CLUSTER}/{{id}}/verified/9.json",
        f"clusters/{CLUSTER}/{LATE}/manifest.json",
        f"clusters/{CLUSTER}/../x/{{id}}/manifest.json",
        f"clusters/{CLUSTER}/epoch.json/x",
        "blobs/aa//x",
        "blobs/../x",
        "runs/x",
        f"runs/{LATE}.json",
        f"runs/{WIDE}.json",
        f"prunes/{LATE}.json",
        f"claims/{LATE}.json",
        "failed/x/./y",
        "\x1b[2J",
    ),
    "state": (
        f"{CLUSTER}/../other.example.com/config",
        f"{CLUSTER}//config",
        f"{CLUSTER}/a\nb",
        f"{CLUSTER}/{'x' * 2000}",
        f"{CLUSTER}/\ud800",
        f"{CLUSTER}/config/x",
        f"{CLUSTER}/instancegroup/a/b",
        f"{CLUSTER}/pki/private/\x1b[2J/keyset.yaml",
        f"{CLUSTER}/backups/etcd/main/x/etcd.backup.gz",
        f"{CLUSTER}/backups/etcd/main/../../x",
        ".git/config",
        "..evil/config",
        "a b/config",
        ".kled/leases/x/y.json",
        "third.example.com/config",
    ),
}
