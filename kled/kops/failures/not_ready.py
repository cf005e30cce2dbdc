"""What kops says of clusters that do not answer or are not healthy yet, or never were applied.

Each row names a capture that shows its words.
"""

from typing import Final

from kled import errors
from kled.kops.failures.failure_row import FailureRow

_APPLY = "run kled kops update-cluster --yes first"
_KEEP = "kled kops validate-cluster shows what the cluster lacks; validate it before going on"

_REACH = "new clusters need some minutes; check the load balancer, and DNS from where kled runs"
_VALIDATING = r"(?:validation failed: (?:unexpected error during validation: )?)?"

NOT_READY: Final = (
    FailureRow(  # pkg/validation/validate_cluster.go, where a cluster has DNS
        rf"^Error: {_VALIDATING}unable to resolve Kubernetes cluster API URL dns: (.*)",
        errors.ApiUnreachable,
        "the name of the cluster's kubernetes API cannot be resolved: {}",
        "T-dns-valk",
        "a new cluster's control plane writes the name into its zone, after some minutes; check"
        " that the zone is delegated, and DNS from where kled runs (a private zone answers inside"
        " its network alone)",
    ),
    FailureRow(  # delete_instance.go says it without "error"
        rf"^Error: {_VALIDATING}(?:(?:error )?listing nodes(?: in cluster)?"
        r'|cannot get pod health for "[^"]+": error listing Pods): (.*)',
        errors.ApiUnreachable,
        "the cluster's kubernetes API does not answer: {}",
        "21-validate-unreachable",
        _REACH,
    ),
    FailureRow(
        r"(?:error listing nodes|error listing Pods|unable to resolve Kubernetes cluster API URL"
        r" dns): ([^\n]*)\n(?:.*\n)*Error: validation failed: wait time exceeded",
        errors.ApiUnreachable,
        "the cluster's kubernetes API did not answer in time: {}",
        "21b-validate-unreachable-wait",
        _REACH,
    ),
    FailureRow(
        r"^Error: validation failed: (cluster not yet healthy|wait time exceeded during .*)",
        errors.ClusterNotReady,
        "the cluster is not healthy: {}",
        "cp-07-validate-fail-node-missing-json",
        "new nodes need some minutes to join; kled kops get-instances shows them",
    ),
    FailureRow(
        r"^Error: error validating cluster(.*): (cluster did not validate within a duration of .*)",
        errors.ClusterNotReady,
        "the rolling update stopped{}: {}",
        "cp-19-rolling-update-fail-validate-timeout",
        _KEEP,
    ),
    FailureRow(
        r"^Error: .*cannot find CA certificate",
        errors.NotYetApplied,
        "the cluster is stored, but was never applied: it has no certificates yet",
        "E14-export-before-update",
        _APPLY,
    ),
    FailureRow(
        r"^Error: error loading Cluster .*cluster-completed\.spec.*file does not exist",
        errors.NotYetApplied,
        "the cluster is stored, but was never applied: it has no completed definition yet",
        "E14b-get-full-before-update",
        _APPLY,
    ),
)
