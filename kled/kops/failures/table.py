"""The table of kops' failures, narrowest first: what it says, and what that is in kled's terms.

Each row names a capture that shows its words.
"""

from typing import Final

from kled import errors
from kled.kops.failures.failure_row import FailureRow
from kled.kops.failures.not_ready import NOT_READY

_CREDENTIALS = "kled doctor shows which variables each cloud needs, and which are not set"

_ABSENT = (
    "kled kops get-clusters lists those that are there; one that was lost comes back with:"
    " kled snapshot restore --name={0} --snapshot=latest"
)

_CRASHED = (
    FailureRow(
        r"^panic: interface conversion: runtime\.Object is \*(?:kops|unstructured)\.(\w+),"
        r" not \*kops\.(\w+)",
        errors.KopsCrashed,
        "kops crashed: it found an object of kind {} in the place of a {}",
        "60c-get-clusters-panic",
        "kled kops get-clusters names the cluster, and what puts it back",
    ),
    FailureRow(
        r"^panic: reflect\.Set: value of type (?:kops|unstructured)\.(\w+) is not assignable to"
        r" type kops\.(\w+)",
        errors.KopsCrashed,
        "kops crashed: it found an object of kind {} in the place of a {}",
        "67d-get-ig-other-api",
        "kled kops get-instance-groups names the group, and what puts it back",
    ),
    FailureRow(r"^panic: (.*)", errors.KopsCrashed, "kops crashed: {}", "C04c-do-create-nodryrun"),
)

_MISSING = (
    FailureRow(
        r'^Error: (?:.*: )?Cluster\.kops\.k8s\.io "([^"]+)" not found',
        errors.ClusterNotFound,
        'there is no cluster "{}" in the state store',
        "E06b-cluster-not-found-update",
        _ABSENT,
    ),
    FailureRow(
        r'^Error: (?:.*: )?cluster not found "([^"]+)"',
        errors.ClusterNotFound,
        'there is no cluster "{}" in the state store',
        "E06-cluster-not-found-get",
        _ABSENT,
    ),
    FailureRow(
        r"^Error: cluster (\S+) does not exist \(try adding --force flag\)",
        errors.ClusterNotFound,
        'there is no cluster "{}" in the state store',
        "38c-replace-missing",
        "kled kops get-clusters lists those that are there",
    ),
    FailureRow(
        r'^Error: .*InstanceGroup "([^"]+)" with role \S+ must have a member in etcd cluster',
        errors.DefinitionRejected,
        'instance group "{}" is control plane, and spec.etcdClusters of the cluster names no member'
        " on it",
        "N-re-ig-role3",
        "a control plane grows by one member of each etcd cluster and one group at a time, as kops'"
        " documentation of the control plane says",
    ),
    FailureRow(
        r'^Error: (?:.*: )?(?:instancegroup not found|InstanceGroup(?:\.kops\.k8s\.io)?) "([^"]+)"'
        r"(?: not found)?$",
        errors.InstanceGroupNotFound,
        'there is no instance group "{}" in the cluster',
        "E16-get-ig-missing",
        "kled kops get-instance-groups lists those that are there",
    ),
    FailureRow(
        r"^Error: could not find instance (\S+)",
        errors.ResourceNotFound,
        'the cluster has no instance "{}"',
        "40-delete-instance-preview",
        "kled kops get-instances lists those that are there",
    ),
    FailureRow(
        r"^Error: keypair not found",
        errors.ResourceNotFound,
        "the keyset has no keypair of that id",
        "35j-distrust-primary",
        "kled kops get-keypairs lists those that are there",
    ),
    FailureRow(
        r'^Error: adding keypair to "([^"]+)" is not supported',
        errors.ResourceNotFound,
        'there is no keyset "{}" that can be rotated',
        "35i-create-keypair-unknown",
        "kled kops get-keypairs lists those that are there",
    ),
    FailureRow(
        r'^Error: error reading (?:SSH key )?file "([^"]+)": .*(?:no such file|does not exist)',
        errors.ResourceNotFound,
        "there is no file {}",
        "E12-missing-ssh-key-file",
    ),
)

_EXISTING = (
    FailureRow(
        r'^Error: cluster "([^"]+)" already exists',
        errors.ClusterExists,
        'the state store has a cluster "{}" already',
        "E07b-already-exists",
    ),
    FailureRow(
        r"^Error: error creating cluster: file already exists",
        errors.ClusterExists,
        "the state store has a cluster of that name already",
        "38h-create-f-exists",
    ),
    FailureRow(
        r'^Error: instance group "([^"]+)" already exists',
        errors.InstanceGroupExists,
        'the cluster has an instance group "{}" already',
        "33c-create-ig-exists",
    ),
)

_VERSIONS = (
    FailureRow(
        r"^Error: kubernetes upgrade is required",
        errors.VersionRefused,
        "this kops is too new for the kubernetes version that is asked for",
        "E09i-old-k8s-version-create",
        "ask for a newer --kubernetes-version, or install an older kops: kled kops install",
    ),
    FailureRow(
        r"^Error: kops upgrade is required",
        errors.VersionRefused,
        "this kops is too old for the kubernetes version that is asked for",
        "E09j-new-k8s-version-create",
        "ask for an older --kubernetes-version, or install a newer kops: kled kops install",
    ),
)

_STATE_STORE = (
    FailureRow(
        r"^Error: (?:.*error (?:listing|reading|fetching) (\w+://[^/\s:]+))?.*NoSuchBucket",
        errors.StateStoreMissing,
        "the state store {} is not there: no such bucket",
        "E02-nonexistent-bucket",
        "create the bucket, or name another one with --state",
    ),
    FailureRow(
        r"^Error: error reading state store: open (.+): no such file or directory",
        errors.StateStoreMissing,
        "the state store {} is not there: no such directory",
        "E03b-state-no-scheme",
        "mount it, or make it: kled kops configure-state-store --create; one in the cloud needs its"
        " scheme: s3://BUCKET",
    ),
    FailureRow(
        r"^Error: State Store: Required value",
        errors.StateStoreMissing,
        "no state store is named",
        "E01-no-state-store",
        "pass --state=s3://BUCKET or set KOPS_STATE_STORE",
    ),
    FailureRow(
        r'^Error: error building path for "([^"]+)": (.*)',
        errors.StateStoreMissing,
        "{} cannot be a state store: {}",
        "E03-bad-state-scheme",
        "kops reads s3, gs, azureblob, do, scw, hos, swift, k8s and file stores",
    ),
)

_REFUSED_CREDENTIALS = (
    FailureRow(
        # kops asks to verify them whatever AWS said, throttling and outages included (E04b)
        r"^Error: .*(verify your AWS credentials(?!.* maximum number of attempts)"
        r"|failed to refresh cached credentials)",
        errors.CredentialsRefused,
        "there are no usable AWS credentials",
        "E05b-no-aws-creds",
        _CREDENTIALS,
    ),
    FailureRow(
        r"^Error: .*(S3_ACCESS_KEY_ID|S3_SECRET_ACCESS_KEY) cannot be empty",
        errors.CredentialsRefused,
        "{} is not set, although the state store has an endpoint of its own",
        "E05-no-s3-creds",
        "with an endpoint (S3_ENDPOINT, or `endpoint` of the store in the settings file) kops takes"
        " no other credentials: set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, or take the endpoint"
        " away",
    ),
    FailureRow(
        r"^Error: .*could not find default credentials",
        errors.CredentialsRefused,
        "there are no Google application default credentials",
        "C02-gce-dryrun",
        "set GOOGLE_APPLICATION_CREDENTIALS, or run gcloud auth application-default login",
    ),
    FailureRow(
        r"^Error: .*DefaultAzureCredential: failed to acquire a token",
        errors.CredentialsRefused,
        "there are no usable Azure credentials",
        "C03d-azure-dryrun-blobstate",
        "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or run az login",
    ),
    FailureRow(
        r"^Error: .*(DIGITALOCEAN_ACCESS_TOKEN|HCLOUD_TOKEN|LINODE_TOKEN) is required",
        errors.CredentialsRefused,
        "{} is not set",
        "C04-do-dryrun-notoken",
        _CREDENTIALS,
    ),
    FailureRow(
        r"^Error: .*\[((?:SCW_\w+ has to be set,? ?)+)\]",
        errors.CredentialsRefused,
        "scaleway's credentials are not complete: {}",
        "C07-scaleway-dryrun-noflag",
        _CREDENTIALS,
    ),
    FailureRow(
        r"^Error: error finding openstack region: (.*)",
        errors.CredentialsRefused,
        "openstack's settings are not complete: {}",
        "C06-openstack-dryrun-noenv",
        _CREDENTIALS,
    ),
    FailureRow(
        r"^Error: error reading state store: error loading config file: open (\S+\.openstack/\S+):",
        errors.CredentialsRefused,
        "openstack's settings are not complete: neither OS_* variables nor {}",
        "C12j-swift-state",
        _CREDENTIALS,
    ),
    FailureRow(
        r'^Error: error loading kubeconfig for "([^"]+)"',
        errors.CredentialsRefused,
        "there is no kubeconfig for the state store {}",
        "C12k-k8s-state",
    ),
)

_NO_IMAGE = (
    FailureRow(
        r"^Error: .*unable to determine default image (.*)",
        errors.DefinitionRejected,
        "the channel names no machine image {}",
        "E09k-no-default-image",
        "take a newer --kubernetes-version, or name an --image",
    ),
    FailureRow(
        r"^Error: .*spec\.image: Invalid value: \"([^\"]+)\""
        r".*(?:InvalidAMIID|could not find Image)",
        errors.DefinitionRejected,
        "the cloud has no image {} in this region",
        "S01-seed-create",
        "name another one with --image, or leave it to the channel",
    ),
)

FAILURES: Final = (
    *_CRASHED,
    *NOT_READY,
    *_MISSING,
    *_EXISTING,
    *_VERSIONS,
    *_STATE_STORE,
    *_REFUSED_CREDENTIALS,
    *_NO_IMAGE,
)
"""What decides alone."""
