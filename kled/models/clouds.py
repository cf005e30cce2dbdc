"""The clouds that kops knows: what each needs in the environment, and its state stores.

Facts: captures C02 to C09 (variables), C12 (state-store schemes).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Cloud:
    """One cloud provider."""

    name: str
    variables: tuple[tuple[str, ...], ...] = ()
    """Groups of environment variables: of each group one must be set."""
    schemes: tuple[str, ...] = ()
    """Its own state-store schemes; s3 and file serve every cloud but Azure."""
    refused: str | None = None
    """Why kled does not create clusters there."""


CLOUDS: Final[Mapping[str, Cloud]] = {
    cloud.name: cloud
    for cloud in (
        Cloud("aws", schemes=("s3",)),
        Cloud("gce", schemes=("gs",)),
        Cloud("azure", schemes=("azureblob",)),
        Cloud("digitalocean", (("DIGITALOCEAN_ACCESS_TOKEN",),), schemes=("do",)),
        Cloud("hetzner", (("HCLOUD_TOKEN",),), schemes=("hos",)),
        Cloud(
            "openstack",
            (
                ("OS_AUTH_URL",),
                ("OS_REGION_NAME",),
                ("OS_USERNAME", "OS_USERID", "OS_APPLICATION_CREDENTIAL_ID"),
                ("OS_PASSWORD", "OS_APPLICATION_CREDENTIAL_SECRET"),
            ),
            schemes=("swift",),
        ),
        Cloud(
            "scaleway",
            (("SCW_ACCESS_KEY",), ("SCW_SECRET_KEY",), ("SCW_DEFAULT_PROJECT_ID",)),
            schemes=("scw",),
        ),
        Cloud(
            "linode",
            (("LINODE_TOKEN",),),
            schemes=("linode",),
            refused="kops 1.36 stores such a cluster but cannot apply it: it has no etcd-manager"
            " for linode",
        ),
        Cloud(
            "metal",
            refused="kops enrolls machines one by one there, which kled does not drive",
        ),
    )
}


def missing_variables(cloud: str, env: Mapping[str, str]) -> tuple[str, ...]:
    """Name the variables that `cloud` needs and `env` lacks; alternatives as `A or B`.

    AWS, Google and Azure have chains of other sources (profiles, metadata services, command-line
    logins): they never miss a variable here.
    """
    return tuple(
        " or ".join(group)
        for group in CLOUDS[cloud].variables
        if not any(env.get(name) for name in group)
    )
