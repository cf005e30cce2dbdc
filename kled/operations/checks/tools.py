"""The tools on this machine, and the SSH key for machines."""

import base64
import binascii
import json
import os
import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

from kled import sentences
from kled.errors import KledError
from kled.operations.checks.check import Check
from kled.process import Runner

KUBECTL: Final = "kubectl"
SSH: Final = "ssh key"
_TOOLS: Final = ("k9s", "aws", "gcloud", "az")
_PATIENCE: Final = timedelta(seconds=20)
_SSH_KEYS: Final = ("id_ed25519.pub", "id_rsa.pub")
"""The files in ~/.ssh that kops takes by default, in its order (`create_cluster.go`)."""
_LARGEST: Final = 16_384


def tool_checks(env: Mapping[str, str], run: Runner) -> list[Check]:
    """Say which tools are on PATH, and run kubectl, which people use on exported kubeconfigs."""
    path = env.get("PATH", os.defpath)
    at = {tool: shutil.which(tool, path=path) for tool in (KUBECTL, *_TOOLS)}
    others = [_present(tool, at[tool]) for tool in _TOOLS]
    kubectl = at[KUBECTL]
    return [_kubectl(kubectl, env, run) if kubectl else _present(KUBECTL, None), *others]


def _present(tool: str, at: str | None) -> Check:
    return Check(tool, "ok", at) if at else Check(tool, "missing", "not on PATH")


def _kubectl(at: str, env: Mapping[str, str], run: Runner) -> Check:
    """Ask kubectl for its own version, without any cluster."""
    try:
        done = run([at, "version", "--client", "--output=json"], env=env, timeout=_PATIENCE)
    except KledError as error:
        return Check(KUBECTL, "wrong", f"{at}: {error.message}", "install it again")
    try:
        version = json.loads(done.stdout)["clientVersion"]["gitVersion"]
    except (ValueError, KeyError, TypeError):
        told = (done.stderr.strip() or done.stdout.strip() or "it says no version").split("\n")[0]
        return Check(KUBECTL, "wrong", f"{at}: {told[:200]}", "install it again")
    return Check(KUBECTL, "ok", f"{version} {at}")


def ssh_check(env: Mapping[str, str]) -> Check:
    """Look for the public key that kops gives machines by default."""
    home = Path(env.get("HOME") or os.sep)
    for name in _SSH_KEYS:
        path = home / ".ssh" / name
        if path.is_file():
            problem = _problem(path)
            if problem is None:
                return Check(SSH, "ok", f"new clusters take {path}")
            mend = f"ssh-keygen -y -f {path.with_suffix('')} > {path}"
            return Check(SSH, "wrong", f"{path} {problem}", mend)
    return Check(
        SSH,
        "missing",
        f"no {' or '.join(_SSH_KEYS)} in {home / '.ssh'}, which kops takes where no key is named:"
        " machines of new clusters cannot be entered",
        "ssh-keygen -t ed25519, or name one: kled kops create-cluster --ssh-public-key=FILE",
    )


def _problem(path: Path) -> str | None:
    """Say why a file holds no public key of OpenSSH; None where it holds one."""
    try:
        with path.open("rb") as file:
            fields = file.read(_LARGEST).decode().split()
    except OSError as error:
        return f"cannot be read: {sentences.reason(error)}"
    except UnicodeDecodeError:
        return "holds no public key"
    try:
        blob = base64.b64decode(fields[1], validate=True)
    except (IndexError, binascii.Error):
        return "holds no public key"
    length = int.from_bytes(blob[:4])
    return None if blob[4 : 4 + length] == fields[0].encode() else "holds a damaged public key"
