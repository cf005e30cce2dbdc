"""The worlds in which recordings are played again, arranged as their recorders had them."""

import shutil
from pathlib import Path
from typing import Any

from kled.sandbox import faults
from kled.sandbox.cloud.account import Cloud
from tests.sandbox.comparison import Act, World, play
from tests.sandbox.desk import REGION, Desk
from tests.sandbox.recorded import CAPTURES
from tests.sandbox.recordings import recording

DEMO, HA, CP, ERR = "demo.k8s.local", "ha.k8s.local", "cp.k8s.local", "err.k8s.local"
MINE, R = "mycluster.example.com", "r.example.com"
_AS_RECORDED = (
    "--cloud=aws",
    "--kubernetes-version=1.36.0",
    "--control-plane-size=t3.medium",
    "--node-size=t3.medium",
    "--image=ami-785db401",
    "--set=spec.assets.fileRepository=http://127.0.0.1:5556",
)
LEGACY = Path(__file__).parents[1] / "cases" / "01-legacy-store" / "staging.example.com"
_WORKERS = {"i-9480423b388e7ce3c": 0, "i-13d08b3a2f867abcd": 1}
"""Machines of the recorder's demo, as the first and second of our group of nodes."""
UNREACHABLE = "api-unreachable"


def kops(*words: str) -> Act:
    """Return an act that runs kops, which must succeed."""
    return lambda desk: desk.must(*words)


def create(name: str, *words: str, key: bool = True) -> Act:
    """Return an act that creates a cluster as the recorders did."""

    def act(desk: Desk) -> None:
        public = [f"--ssh-public-key={desk.directory}/home/key.pub"] if key else []
        (desk.directory / "home" / ".ssh" / "id_ed25519.pub").unlink(missing_ok=True)
        desk.must("create", "cluster", f"--name={name}", *public, *_AS_RECORDED, *words)

    return act


def broken(fault: str, **options: Any) -> Act:
    """Return an act that injects a fault; `instance` may tell which machine from the desk."""

    def act(desk: Desk) -> None:
        told = {name: each(desk) if callable(each) else each for name, each in options.items()}
        faults.inject(desk.directory, fault, **told)

    return act


def mended(desk: Desk) -> None:
    """Clear all faults."""
    faults.clear(desk.directory)


def ready(name: str) -> Act:
    """Return an act that waits until a cluster is valid."""
    return kops("validate", "cluster", name, "--wait=1h", "--interval=30s", "-o=json")


def rewritten(name: str, key: str, *changes: tuple[str, str]) -> Act:
    """Return an act that edits a stored text as somebody's editor would."""

    def act(desk: Desk) -> None:
        path = desk.state / name / key
        text = path.read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path.write_text(text)

    return act


def machines(desk: Desk, group: str) -> list[str]:
    """Return the ids of a group's machines, by age."""
    records: list[dict[str, Any]] = list(Cloud(desk.directory, REGION).read()["instances"].values())
    ours = [record for record in records if record["group"].startswith(f"{group}.")]
    return [record["id"] for record in sorted(ours, key=lambda record: record["launched"])]


def first_worker(desk: Desk) -> str:
    """Return the id of the oldest node."""
    return machines(desk, "nodes-us-east-1a")[0]


def spoken(desk: Desk, command: str) -> str:
    """Put our ids for the recorder's, and name the cloud that its bucket told."""
    for theirs, number in _WORKERS.items():
        if theirs in command:
            command = command.replace(theirs, machines(desk, "nodes-us-east-1a")[number])
    told = "--cloud" in command or "--zones us-central1-a" in command  # C11: in a directory
    if "kops create cluster" in command and not told:
        command += " --cloud=aws"
    return command


def alone(names: tuple[str, ...]) -> tuple[tuple[str | Act, ...], ...]:
    """Return a sequence for each recording."""
    return tuple((name,) for name in names)


def _nothing(_: Desk) -> None:
    """Leave the sandbox as it is."""


def _created(desk: Desk) -> None:
    play(desk, "E07-ok-file-cluster")


def _updated(desk: Desk) -> None:
    desk.env["KOPS_RSA_PRIVATE_KEY_SIZE"] = ""  # the recorder's keys were of kops' own length
    play(desk, "02-create-cluster")
    desk.must("update", "cluster", f"--name={DEMO}", "--yes", "--admin")


def _text(name: str, content: str) -> Act:
    def act(desk: Desk) -> None:
        path = desk.directory / "home" / name
        path.write_text(content)
        path.chmod(0o700)

    return act


def _definitions(name: str, *changes: tuple[str, str]) -> Act:
    def act(desk: Desk) -> None:
        text = desk.must("get", "all", f"--name={DEMO}", "-oyaml")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (desk.directory / "home" / name).write_text(text)

    return act


_NODES = "nodes-us-east-1a"
_GROUP = f"instancegroup/{_NODES}"
_DEMO: tuple[str | Act, ...] = (
    create(DEMO, "--zones=us-east-1a", "--node-count=2"),
    "02b-update-cluster-preview-all-new",
    broken(UNREACHABLE),
    "03-update-cluster-yes",
    "04-update-cluster-preview-nochange",
    "05-get-instances",
    "17-get-instances",
    "17b-get-instances-json",
    "21-validate-unreachable",
    "21b-validate-unreachable-wait",
    "21c-validate-unreachable-table",
    "26b-rolling-preview-no-cloudonly",
    "07-delete-preview",
    "29-delete-preview",
    "32h-rolling-unreachable-yes",
    rewritten(DEMO, _GROUP, ("maxSize: 2", "maxSize: 4"), ("t3.medium", "m5.large")),
    rewritten(DEMO, "config", ("  name: demo", "  generation: 2\n  name: demo")),
    "31-update-preview-modified",
    "31b-update-yes-modified",
    "32-rolling-preview-needupdate",
    "32b2-get-instances-needupdate",
    "32g-rolling-unknown-ig",
    "32b-rolling-ig-yes",
    "32c-rolling-after",
    "32i-get-instances",
    "40-delete-instance-preview",
    "40b-delete-instance-preview",
    "40c-delete-instance-yes",
    "40d-delete-instance-yes-surge",
    "42-delete-cluster-yes",
    "42b-get-clusters-empty",
    "42c-get-clusters-empty-json",
    "42d-delete-cluster-again",
    "42e-delete-cluster-no-name",
    "E06b-cluster-not-found-update",
    "E06d-cluster-not-found-validate",
    "E06e-cluster-not-found-rolling",
    "E06f-cluster-not-found-delete",
)
_THREE = "us-east-1a,us-east-1b,us-east-1c"
_HA: tuple[str | Act, ...] = (
    "50-ha-create",
    "51-ha-update-yes",
    "52-ha-update-nochange",
    "53-ha-get-ig",
    ready(HA),
    "55-validate-ready-table",
    "55-validate-ready-json",
    "55-validate-ready-yaml",
    "56-get-instances-with-nodes",
    broken("missing-pod"),
    "55-validate-missingpod-json",
    "55-validate-missingpod-table",
    mended,
    broken("not-ready"),
    "55-validate-notready-json",
    "55-validate-notready-table",
    "55-validate-notready-json-wait",
    "57-rolling-validated-notready",
    mended,
    "59-ha-delete",
)
_CP: tuple[str | Act, ...] = (
    create(CP, "--zones=us-east-1a", "--node-count=2"),
    kops("update", "cluster", CP, "--yes"),
    broken(UNREACHABLE),
    "cp-01-validate-fail-api-unresolvable",
    mended,
    ready(CP),
    "cp-13-rolling-update-preview-none-needed",
    rewritten(CP, _GROUP, ("t3.medium", "t3.large")),
    "cp-14-update-preview-machinetype",
    "cp-15-update-yes-machinetype",
    "cp-16-rolling-update-preview-needed",
    broken("never-joins", group=_NODES),
    "cp-19-rolling-update-fail-validate-timeout",
    mended,
    ready(CP),
    kops("rolling-update", "cluster", CP, "--yes", "--validate-count=1"),
    "cp-18-rolling-update-after",
    rewritten(CP, _GROUP, ("t3.large", "t3.xlarge")),
    kops("update", "cluster", CP, "--yes"),
    kops("rolling-update", "cluster", CP, "--yes", "--validate-count=1"),
    "cp-03-validate-success-table",
    "cp-04-validate-success-json",
    "cp-05-validate-success-wait-count",
    broken("not-ready", instance=first_worker),
    "cp-09-validate-fail-node-notready-table",
    "cp-10-validate-fail-node-notready-json",
    mended,
    broken("pod-pending"),
    "cp-11-validate-fail-pod-pending-table",
    "cp-12-validate-fail-pod-pending-json",
)
_CP_SIM: tuple[str | Act, ...] = (
    create(CP, "--zones=us-east-1a", "--node-count=2"),
    kops("update", "cluster", CP, "--yes"),
    ready(CP),
    "cp-sim-03-validate-success-table",
    "cp-sim-04-validate-success-json",
    "cp-sim-05-validate-success-wait-count",
    broken("not-ready", instance=first_worker),
    "cp-sim-09-validate-fail-node-notready-table",
    "cp-sim-10-validate-fail-node-notready-json",
    mended,
    broken("pod-pending", pods="coredns-a"),
    "cp-sim-11-validate-fail-pod-pending-table",
    "cp-sim-12-validate-fail-pod-pending-json",
    mended,
    "cp-sim-13-rolling-update-preview-none-needed",
    rewritten(CP, _GROUP, ("t3.medium", "t3.large")),
    "cp-sim-14-update-preview-machinetype",
    "cp-sim-15-update-yes-machinetype",
    "cp-sim-16-rolling-update-preview-needed",
    kops("rolling-update", "cluster", CP, "--yes", "--validate-count=1"),
    "cp-sim-18-rolling-update-after",
)
_BEFORE: tuple[tuple[str | Act, ...], ...] = (
    (
        create(ERR, "--zones=us-east-1a", "--node-count=1"),
        "E13-bad-phase", "E13b-bad-lifecycle-override", "E14e-instances-before",
        "E14f-validate-before", "E14g-rolling-before", "E14h-toolbox-dump-before",
    ),
    (
        create(MINE, "--zones=us-east-1a", "--node-count=2", key=False),
        "S04-seed-update-yes", "S05-seed-get-clusters", "S06-seed-get-ig", "S07-seed-get-ig-nodes",
        "S08-seed-edit-ig-nodes", "S09-seed-edit-ig-set", "S10-seed-get-secrets", "S11-seed-export",
        "S13-seed-delete",
    ),
    (
        create("demo2.k8s.local", "--zones=us-east-1a", "--node-count=2"),
        "38e-delete-unregister-preview", "38f-delete-unregister-yes",
    ),
)  # fmt: skip
_UPGRADES: tuple[tuple[str | Act, ...], ...] = (
    (
        create(DEMO, "--zones=us-east-1a", "--kubernetes-version=1.35.0"),
        "25d-upgrade-preview-changes", "25e-upgrade-yes",
    ),
    (
        create(DEMO, "--zones=us-east-1a"),
        "25-upgrade-preview", "25c-upgrade-newer", "39-upgrade-yes",
    ),
)  # fmt: skip
_SEQUENCES: tuple[tuple[str | Act, ...], ...] = (
    ("30-edit-cluster-set", "30b-edit-cluster-unset"),
    ("33b-create-ig", "33c-create-ig-exists", _text("n", "n\n"), "33d-delete-ig-no-yes-answer-n",
     "33e-delete-ig-yes", "33f-delete-ig-missing"),
    (_text("dockerconfig.json", "{}"), "34-create-secret-dockerconfig",
     "34b-create-secret-dockerconfig-again", "34c-create-secret-dockerconfig-force",
     _text("encryptionconfig.yaml", "{}"), "34d-create-secret-encryptionconfig",
     "34f-get-secrets", _text("ciliumpassword.yaml", "{}"), "34e-create-secret-ciliumpassword",
     "34h-delete-secret", "34i-delete-secret-again"),
    ("35-create-keypair", "35b-get-keypairs", "35c-promote-keypair", "35d-get-keypairs",
     "35h-create-keypair-all"),
    ("36-create-sshpublickey-exists", "36b-delete-sshpublickey", "36c-create-sshpublickey"),
    (_definitions("all.yaml"), "38-replace"),
    (_definitions("all_invalid.yaml", ("kubernetesVersion: 1.36.0", "kubernetesVersion: bananas")),
     "38b-replace-invalid"),
    (_definitions("unknownfield.yaml", ("  channel:", "  noSuchField: x\n  channel:")),
     "38l-replace-unknown-field"),
    (rewritten(DEMO, "config", ("  name: demo", "  generation: 2\n  name: demo")),
     _definitions("all2.yaml", (DEMO, "demo2.k8s.local")), "38c-replace-missing",
     "38d-replace-force-missing", "38i-get-clusters-two", "38j-get-clusters-two-yaml",
     "38k-get-clusters-two-json", "38h-create-f-exists", "38m-create-f-stdin",
     "38e-delete-unregister-preview", "38f-delete-unregister-yes", "38g-create-f"),
    (_text("editor_fail.sh", "#!/bin/sh\nexit 3\n"), "30h-edit-cluster-editor-rc3"),
    (_text("editor_noop.sh", "#!/bin/sh\n"), "30e-edit-cluster-editor-noop"),
    (_text("editor_labels.sh", "#!/bin/sh\n"), "30d-edit-ig-editor"),
)  # fmt: skip
_KEY = recording("61-dry-run-ssh-key").stdout.rpartition("publicKey: ")[2]
_WITH_KEY = (_text("id.pub", " ".join(_KEY.split())), "61-dry-run-ssh-key")
_NEIGHBOURS = ("T-px-prod", "T-px-prod2")
_REFUSALS = tuple(
    sorted({path.name for form in ("N-re-*", "R-*") for path in CAPTURES.glob(form)} - {"R-create"})
)


def _with_their_version(desk: Desk, command: str) -> str:
    """Ask for the version that the recorder's channel recommended."""
    asked = "kops create cluster" in command and "--kubernetes-version" not in command
    return spoken(desk, command) + (" --kubernetes-version=1.36.0" if asked else "")


_SIZES = ("  maxSize: 5\n  minSize: 1\n", "")
_OTHERS: dict[str, tuple[tuple[str, str], ...]] = {
    "staging": (), "none": (), "other": (), "nosize": (_SIZES,),
    "role": (("role: Node", "role: GPU"),),
    "newer": (("  role: Node", "  role: Node\n  placementStrategy: spread"),),
}  # fmt: skip
"""Clusters of an old store, and how the text of the group `nodes` of each differs."""


def _old_stores(desk: Desk) -> None:
    """Store the legacy cluster of tests/cases under several names, as a recorder had done."""
    for name, changes in _OTHERS.items():
        target = desk.state / f"{name}.example.com"
        shutil.copytree(LEGACY, target)
        for path in (path for path in target.rglob("*") if path.is_file()):
            text = path.read_text().replace("s3://STORE", str(desk.state))
            text = text.replace("staging.example", f"{name}.example")
            path.write_text(text.replace("  name: other.", "  name: staging."))  # it was copied
        rewritten(target.name, "instancegroup/nodes", *changes)(desk)
    shutil.rmtree(desk.state / "none.example.com" / "instancegroup")


_OLD = (
    "60e-get-ig-other-role", "60f-get-ig-none", "60i-get-all-legacy", "60j-get-all-no-groups",
    "60k-get-all-unknown-field", "60l-get-all-no-sizes", "60m-get-all-other-name",
    "60n-get-cluster-other-name", "62-edit-ig-set-unknown-field", "63-edit-ig-max-no-sizes",
    "63b-edit-ig-max-below-default", "64-edit-ig-legacy", "65-update-other-name",
)  # fmt: skip


def _refusing(desk: Desk) -> None:
    desk.must("create", "cluster", f"--name={R}", "--zones=us-east-1a", "--cloud=aws", "--dns=none",
              "--node-count=1", "--kubernetes-version=1.36.0")  # fmt: skip


def worlds(
    empty: tuple[str, ...], created: tuple[str, ...], updated: tuple[str, ...]
) -> dict[str, World]:
    """Return every world by its name; the arguments are what is played alone in the simple ones."""
    found = (
        World("empty", _nothing, (*alone(empty), _WITH_KEY, _NEIGHBOURS), spoken),
        World("created", _created, alone(created), spoken),
        World("updated", _updated, (*alone(updated), *_SEQUENCES), spoken),
        World("demo", _nothing, (_DEMO,), spoken),
        World("ha", _nothing, (_HA,), spoken),
        World("cp", _nothing, (_CP, _CP_SIM), spoken),
        World("before", _nothing, _BEFORE, spoken),
        World("upgrades", _nothing, _UPGRADES, spoken),
        World("old stores", _old_stores, alone(_OLD), spoken),
        World("refusals", _refusing, alone(_REFUSALS), _with_their_version),
    )
    return {world.name: world for world in found}
