"""What kops refuses of a definition, of a change and of its own command line.

Each row names a capture that shows its words. They count where no row of `kled.kops.failures.table`
does.
"""

from typing import Final

from kled import errors
from kled.kops.failures.failure_row import FailureRow

REJECTED: Final = (
    FailureRow(
        r"^Error: cluster name did not match expected name: (\S+) vs (\S+)",
        errors.DefinitionRejected,
        'the definition of cluster "{}" names "{}"',
        "65-update-other-name",
        "mend metadata.name in its config in the state store: it was copied from the other"
        " cluster, and kops would work on that one; nothing was changed",
    ),
    FailureRow(
        r"^Error: .*error parsing (\S+/([^/\s]+))/(config|instancegroup/\S+): (.*)",
        errors.DefinitionRejected,
        "kops cannot read {0}/{2}: {3}",
        "60h-get-all-unreadable",
        "mend that object, or see what the newest trusted snapshot puts back:"
        " kled snapshot restore --name={1} --snapshot=latest",
    ),
    FailureRow(
        r"^Error: .*(could not find a suitable supported instance type) for the instance group "
        r"\"([^\"]+)\".* in region \"([^\"]+)\"",
        errors.DefinitionRejected,
        'kops {} for instance group "{}" in {}',
        "E09-invalid-zone",
        "check that the zones exist, or name --node-size and --control-plane-size",
    ),
    FailureRow(
        r"^Error: .*(No matching hosted zones found for \S+);",
        errors.DefinitionRejected,
        "{}",
        "S02-seed-create-dns-public",
        "create the DNS zone first, or create the cluster with --dns=none",
    ),
    FailureRow(  # upup/pkg/fi/cloudup/dns.go says the others, too: waiting cures none of them
        r'^Error: .*(error doing DNS lookup for NS records for "[^"]+": lookup .*: no such host'
        r'|NS records not found for "[^"]+"|cannot find DNS Zone "[^"]+"'
        r'|found multiple DNS Zones matching "[^"]+")',
        errors.DefinitionRejected,
        "kops cannot use the DNS zone: {}",
        "S14-public-create",
        "delegate the zone by NS records in the one above it (--dns-zone takes a zone's id), or"
        " create the cluster with --dns=none",
    ),
    FailureRow(
        r"^Error: \[?(?:.*: )?([A-Za-z0-9_.\[\]-]+): (Invalid value|Required value|Forbidden|"
        r"Unsupported value|Duplicate value): (.*)",
        errors.DefinitionRejected,
        "kops refuses {}: {}: {}",
        "E09d-even-cp",
    ),
    FailureRow(
        r"^Error: (unknown zone .*|must specify at least one zone .*|unsupported cloud provider .*"
        r"|pass in the cloud provider explicitly.*|project is required for GCE.*"
        r"|.*not supported with etcd-manager|.*expected azureblob:// .*)",
        errors.DefinitionRejected,
        "kops refuses the definition: {}",
        "C05d-hetzner-badzone",
    ),
    FailureRow(
        r"^Error: failed to create the (\S+) secret as it already exists",
        errors.DefinitionRejected,
        "the cluster has a {} secret already",
        "34b-create-secret-dockerconfig-again",
        "replace it with --force",
    ),
    FailureRow(
        r"^Error: (field \S+ not found in .*|Edit cancelled.*|error parsing (?:file|config).*"
        r"|cannot delete the only control plane instance group)",
        errors.DefinitionRejected,
        "kops refuses the change: {}",
        "30i-edit-cluster-set-badpath",
        "fields are those of https://kops.sigs.k8s.io/cluster_spec/ in the form that"
        " kled kops get-clusters --output=yaml shows",
    ),
    FailureRow(
        r"^Error: (unknown flag: .*|unknown command .*|invalid argument .*|--name is required"
        r"|cannot specify cluster via .*|unknown output format.*|unknown phase .*"
        r"|incorrect syntax for .*|.* output format is not .*supported for .*)",
        errors.DefinitionRejected,
        "kops refuses the command line: {}",
        "E11-unknown-flag",
        "this kops may be another version than kled knows: kled doctor shows it",
    ),
)
