"""The variables that lead out of a sandbox: to real accounts, stores, clusters and servers.

A name is here where kled, kops, Prefect, a cloud's SDK, or the network under them reads it, and
its value could name something real. What only tells how a terminal looks, which language or editor
is spoken, or where Python is, is not.
"""

import re
from collections.abc import Iterable

PREFIXES = (
    "ALICLOUD_",
    "APPRISE_",
    "ARM_",
    "AWS_",
    "AZURE_",
    "BOTO",
    "CLOUDSDK_",
    "DIGITALOCEAN_",
    "DOCKER_",
    "GCE_",
    "GCLOUD_",
    "GCP_",
    "GOOGLE_",
    "GRPC_",
    "HCLOUD_",
    "HELM_",
    "HETZNER_",
    "IDENTITY_",
    "IMDS_",
    "KLED_",
    "KOPS_",
    "KUBE",
    "LINODE_",
    "MSI_",
    "OPENSTACK_",
    "ORION_",
    "OS_",
    "OSS_",
    "OTEL_",
    "PREFECT_",
    "S3_",
    "SCW_",
    "SPOTINST_",
    "VAULT_",
    "WEBSOCKETS_",
)
NAMES = frozenset(
    {
        "CURL_CA_BUNDLE",
        "DNS_IGNORE_NS_CHECK",
        "GOSSIP_DNS_CONN_LIMIT",
        "NETRC",
        "NO_GCE_CHECK",
        "REQUESTS_CA_BUNDLE",
        "SKIP_REGION_CHECK",
        "SSLKEYLOGFILE",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "STORAGE_EMULATOR_HOST",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "XDG_STATE_HOME",
    }
)
_PROXY = re.compile(r"(?:\w+_)?proxy", re.IGNORECASE | re.ASCII)
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def leads_outside(name: str) -> bool:
    """Tell whether a variable of this name can lead to something real."""
    return name.startswith(PREFIXES) or name in NAMES or bool(_PROXY.fullmatch(name))


def which_lead_outside(names: Iterable[str]) -> set[str]:
    """Return those of `names` that lead outside and that a shell can unset.

    No shell has a variable whose name is no identifier, and none may read such a name as a command.
    """
    return {name for name in names if leads_outside(name) and _IDENTIFIER.fullmatch(name)}
