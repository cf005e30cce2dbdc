"""What becomes of each recording: played where, declared to differ why, or not played why.

What is not named here is played in a sequence of `worlds`, and answered word for word.
"""

ALONE = (
    "01-version", "01b-version-short", "02-create-cluster", "20-dry-run-default-types",
    "20-dry-run-yaml", "20b-dry-run-json", "23-toolbox-template",
    "C01b-aws-dryrun-filestate", "C02-gce-dryrun", "C02b-gce-dryrun-noproject",
    "C02c-gce-dryrun-fakecred", "C02d-gce-dryrun-fakecred-sizes", "C03-azure-dryrun-noflag",
    "C03b-azure-dryrun", "C03c-azure-dryrun-subonly", "C03d-azure-dryrun-blobstate",
    "C04-do-dryrun-notoken", "C04b-do-dryrun", "C04c-do-create-nodryrun", "C04d-do-badzone",
    "C05-hetzner-dryrun-notoken", "C05b-hetzner-dryrun", "C05d-hetzner-badzone",
    "C06-openstack-dryrun-noenv", "C06b-openstack-dryrun", "C07-scaleway-dryrun-noflag",
    "C07b-scaleway-dryrun", "C08-linode-dryrun-noflag", "C08b-linode-dryrun",
    "C08c-linode-create-nodryrun", "C09-metal-dryrun", "C10-unknown-cloud", "C11-no-cloud-infer",
    "C12-memfs-state", "C12b-gs-state", "C12c-gs-state-emulator", "C12d-azureblob-state",
    "C12e-azureblob-state-acct", "C12j-swift-state", "C12k-k8s-state", "C12l-vault-state",
    "C13-file-create-aws-nodryrun", "C13c-file-discovery-store", "E01-no-state-store",
    "E03-bad-state-scheme", "E03b-state-no-scheme", "E03c-state-percent-20",
    "E03d-state-localhost", "E05b-no-aws-creds",
    "E06-cluster-not-found-get", "E06c-cluster-not-found-ig", "E06g-cluster-not-found-export",
    "E06h-cluster-not-found-edit", "E06i-no-clusters-get", "E07-ok-file-cluster",
    "E08-invalid-name", "E08b-invalid-name-nodots", "E08c-missing-name", "E09-invalid-zone",
    "E09c-no-zones", "E09d-even-cp", "E09e-bad-k8s-version", "E09f-old-k8s-version",
    "E09g-bad-image", "E09h-no-image-no-channel-net", "E09i-old-k8s-version-create",
    "E09j-new-k8s-version-create", "E09k-no-default-image", "E10c-create-f-missing-file",
    "E11-unknown-flag", "E11b-unknown-subcommand", "E11c-unknown-subsub", "E11e-two-positional",
    "E11f-bool-arg", "E11g-no-args", "E11h-no-cluster-name", "E12-missing-ssh-key-file",
    "E12b-no-ssh-key", "E13c-bad-target", "E13d-bad-duration", "S01-seed-create",
    "S02-seed-create-dns-public", "S03-seed-create-image", "S14-public-create",
)  # fmt: skip
"""Played in an empty sandbox."""
CREATED = (
    "E07b-already-exists", "E11d-bad-output", "E14-export-before-update",
    "E14b-get-full-before-update", "E14c-get-keypairs-before", "E14d-get-secrets-before",
    "E16-get-ig-missing", "E16b-edit-ig-missing", "E17-json-empty",
)  # fmt: skip
"""Played on a cluster that was never applied."""
UPDATED = (
    "10-get-clusters-table", "10b-get-clusters-json", "10c-get-clusters-yaml",
    "11-get-cluster-yaml", "11b-get-cluster-yaml-full", "11c-get-cluster-json", "12-get-ig-table",
    "12b-get-ig-json", "12c-get-ig-one-json", "12d-get-ig-yaml", "13-get-all", "13b-get-all-yaml",
    "13c-get-name-yaml", "14-get-secrets", "14b-get-secrets-json", "14c-get-secret-plaintext",
    "15-get-keypairs", "15b-get-keypairs-json", "15c-get-keypairs-distrusted",
    "16-get-sshpublickeys", "16b-get-sshpublickeys-json", "18-get-addons", "19-get-assets",
    "19b-get-assets-yaml",
    "22-toolbox-dump-json", "22b-toolbox-dump-yaml", "24-toolbox-instance-selector", "27-terraform",
    "28-export-kubeconfig", "28b-export-kubeconfig-admin", "28c-export-kubeconfig-admin-2h",
    "28d-export-kubeconfig-all", "30c-edit-ig-set", "30i-edit-cluster-set-badpath",
    "30j-edit-cluster-set-badvalue", "30k-edit-ig-set-machinetype", "33-create-ig-dryrun",
    "33d2-delete-ig-no-yes-eof", "33g-delete-ig-last-cp", "35i-create-keypair-unknown",
    "35j-distrust-primary", "37-reconcile-cluster", "38n-delete-f", "38o-delete-f-yes",
)  # fmt: skip
"""Played on an applied cluster."""

DECLARED = {
    "the recorder's cloud (moto) answers otherwise than AWS": (
        "07-delete-preview", "32-rolling-preview-needupdate", "32b-rolling-ig-yes",
        "32c-rolling-after", "37-reconcile-cluster", "55-validate-missingpod-json",
        "55-validate-notready-json", "55-validate-notready-json-wait", "55-validate-ready-json",
        "55-validate-ready-yaml", "S13-seed-delete",
    ),
    "a command or target that the sandbox does not have": (
        "19-get-assets", "19b-get-assets-yaml", "23-toolbox-template",
        "24-toolbox-instance-selector", "27-terraform", "38n-delete-f", "38o-delete-f-yes",
    ),
    "clouds that the sandbox has as definitions only, or not at all": (
        "C02c-gce-dryrun-fakecred", "C02d-gce-dryrun-fakecred-sizes", "C03d-azure-dryrun-blobstate",
        "C04c-do-create-nodryrun", "C08c-linode-create-nodryrun", "C12j-swift-state",
    ),
    "channels, images, subnets and hosted zones are built in, not looked up": (
        "R-cc-sub", "R-ig-image2", "R-up-foo",
        "61-dry-run-ssh-key", "E09g-bad-image", "E09h-no-image-no-channel-net",
        "E09k-no-default-image", "S01-seed-create", "S14-public-create",
    ),
    "kinds of resources that the simulated cloud leaves out": (
        "22-toolbox-dump-json", "22b-toolbox-dump-yaml",
    ),
    "what an update of no group says of its load balancer": ("R-up-nosuch", "R-up-role"),
    "flags that kops hides": ("R-cc-lbclass",),
    "the recording holds no secret": ("14c-get-secret-plaintext",),
    "details of a roll that times out, and generations of groups": (
        "cp-10-validate-fail-node-notready-json", "cp-19-rolling-update-fail-validate-timeout",
    ),
}  # fmt: skip
"""Played, and answered otherwise: why, and which."""

ELSEWHERE = {
    "test_lost_keys.py": (
        "N-ca-bad-prev", "N-ca-empty-*", "N-ca-export", "N-ca-instances", "N-ca-prev",
        "N-ca-promote", "N-ca-ro*", "N-ca-secret-prev", "N-ca-validate", "N-lg-*",
    ),
    "test_places.py": ("N-ce-*", "N-ks-*"),
    "test_version_checks.py": ("N-kv-*", "T-up-39-updk"),
    "test_group_identity.py": ("N-nl-*",),
    "test_neighbours.py": ("N-px-*", "T-px-au-*"),
    "test_set_fields.py": ("T-set*",),
    "test_damaged_definitions.py": ("T-bad-list", "T-edk-dup"),
    "test_dns.py": ("T-dns-phj",),
    "test_bastions.py": (
        "B-create", "B-delete-*", "B-dump", "B-get-cluster", "B-get-ig*", "B-nochange",
        "B-preview", "B-public", "B-q*", "B-roll", "B-yes",
    ),
}  # fmt: skip
"""Held against the simulated kops by tests of their own, which arrange what they need."""

NOT_PLAYED = {
    "ended by the recorder, or broken off": (
        "30l-*", "37b-*", "41-*", "41b-*", "C05c-*", "C07c-*", "E04b-*", "E09b-*",     ),
    "need the recorder's object store": (
        "C12f-*", "C12g-*", "C12h-*", "C12i-*", "C12m-*", "C16-*", "E02-*", "E02b-*", "E04-*",
        "E05-no-s3-creds", "C13b-*", "C15-*",
    ),
    "need a network, a name or a clock that fails": ("E15-*", "S15-*", "T-dns-valk"),
    "name keys or files that only the recorder had": (
        "30f-*", "30g-*", "34g-*", "35e-*", "35f-*", "35g-*", "C14-*", "E10-create-f-badyaml",
        "E10b-create-f-badkind", "S12-seed-dump",
    ),
    "follow from states of a Kubernetes API that the recorder made": (
        "B-get-instances", "cp-02-*",
        "cp-06-*", "cp-07-*", "cp-08-*", "cp-17-*", "cp-2[0-6]-*", "cp-sim-06-*",
        "cp-sim-07-*", "cp-sim-08-*", "cp-sim-17-*", "cp-sim-19-*", "cp-sim-2[0-5]-*",
    ),
    "need a store that only the recorder had": (
        "R-create",
        "60-*", "60b-*", "60c-*", "60d-*", "60g-*", "60h-*", "60o-*", "60p-*", "62b-*",
        "66*", "67*",
        "N-ca-bad-keypairs",
        "N-ca-bad-validate", "N-ca-keypairs", "N-ca-secret-yes", "N-ca-yes",
    ),
    "two calls at once": ("58-*",),
    "upgrades that kled checks before it asks kops": ("T-up-badk", "T-up-downk", "T-up-prev*"),
}  # fmt: skip
"""Not sent to the simulated kops: why, and which."""
