"""A shell that has evaluated `sandbox env` leads nowhere real (faults 29 and 96)."""

import ast
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import deployments
import flows
import kled
import tasks
from kled import config
from kled.cli import app
from kled.models.clouds import CLOUDS
from kled.sandbox import control
from kled.sandbox.surroundings import leads_outside, which_lead_outside

OF_THE_PERSON = {
    "COLORTERM", "COLUMNS", "COMP_LINE", "COMP_WORDBREAKS", "DO_NOT_TRACK", "EDITOR", "HOME",
    "LANG", "LC_ALL", "LINES", "PATH", "TERM", "TMPDIR", "USER", "VISUAL", "_KLED_COMPLETE",
}  # fmt: skip
"""Variables that kled reads and that lead nowhere; HOME and PATH are set, the rest stays."""
NO_VARIABLES = {"AUTH_STRING", "CERTIFICATE_VERIFY_FAILED", "CLOCK_BOOTTIME"}
NO_VARIABLES |= {"DEEP_ARCHIVE", "EAI_NODATA"}
_BY_KOPS = """
    AWS_REGION AZURE_ENVIRONMENT AZURE_STORAGE_ACCOUNT AZURE_SUBSCRIPTION_ID
    DIGITALOCEAN_ACCESS_TOKEN DNS_IGNORE_NS_CHECK GCP_PROJECT GOOGLE_APPLICATION_CREDENTIALS
    GOSSIP_DNS_CONN_LIMIT HCLOUD_TOKEN KOPS_API_VERSIONS KOPS_ARCH KOPS_AWS_ROLE_ARN KOPS_BASE_URL
    KOPS_CLUSTER_NAME KOPS_FEATURE_FLAGS KOPS_LIFECYCLE_OVERRIDES KOPS_RSA_PRIVATE_KEY_SIZE
    KOPS_RUN_OBSOLETE_VERSION KOPS_RUN_TOO_NEW_VERSION KOPS_STATE_S3_ACL KOPS_STATE_STORE
    KOPS_TOOLBOX_DUMP_K8S_RESOURCES KUBECONFIG LINODE_TOKEN OPENSTACK_CREDENTIAL_FILE
    OSS_REGION OS_APPLICATION_CREDENTIAL_ID OS_APPLICATION_CREDENTIAL_SECRET OS_AUTH_URL
    OS_DOMAIN_ID OS_DOMAIN_NAME OS_PASSWORD OS_PROJECT_ID OS_PROJECT_NAME OS_REGION_NAME
    OS_TENANT_ID OS_TENANT_NAME OS_USERNAME OTEL_EXPORTER_OTLP_TRACES_DIR
    OTEL_EXPORTER_OTLP_TRACES_FILE S3_ACCESS_KEY_ID S3_ENDPOINT S3_REGION S3_SECRET_ACCESS_KEY
    SCW_ACCESS_KEY SCW_DEFAULT_PROJECT_ID SCW_PROFILE SCW_SECRET_KEY SKIP_REGION_CHECK
    """
_BY_SDKS = """
    ALL_PROXY AWS_CA_BUNDLE AWS_CONFIG_FILE AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_DEFAULT_PROFILE
    AWS_ENDPOINT_URL AWS_ENDPOINT_URL_S3 AWS_PROFILE AWS_ROLE_ARN AWS_SESSION_TOKEN
    AWS_SHARED_CREDENTIALS_FILE AWS_WEB_IDENTITY_TOKEN_FILE AZURE_CLIENT_SECRET AZURE_STORAGE_KEY
    APPRISE_CONFIG BOTO_CONFIG CLOUDSDK_CONFIG CLOUDSDK_CORE_PROJECT CURL_CA_BUNDLE DOCKER_CONFIG
    DOCKER_HOST GCE_METADATA_HOST GOOGLE_CLOUD_PROJECT GRPC_PROXY HTTPS_PROXY HTTP_PROXY
    IDENTITY_ENDPOINT KUBERNETES_SERVICE_HOST MSI_ENDPOINT NETRC NO_PROXY
    OTEL_EXPORTER_OTLP_ENDPOINT
    REQUESTS_CA_BUNDLE SSL_CERT_FILE STORAGE_EMULATOR_HOST WEBSOCKETS_MAX_REDIRECTS WSS_PROXY
    XDG_CONFIG_HOME XDG_DATA_HOME all_proxy http_proxy https_proxy no_proxy
    """
_BY_PREFECT = """
    ORION_ENCRYPTION_KEY PREFECT_API_AUTH_STRING PREFECT_API_KEY PREFECT_API_URL
    PREFECT_CLIENT_CUSTOM_HEADERS PREFECT_HOME PREFECT_PROFILE PREFECT_PROFILES_PATH
    PREFECT_SERVER_DATABASE_CONNECTION_URL PREFECT_RESULTS_LOCAL_STORAGE_PATH PREFECT__FLOW_RUN_ID
    """


READ_BY_KOPS, READ_BY_SDKS, READ_BY_PREFECT = map(str.split, (_BY_KOPS, _BY_SDKS, _BY_PREFECT))


def constants() -> Iterator[str]:
    """Yield every text of kled's own code that is spelled as a variable."""
    for room in (kled, flows, tasks, deployments):
        for path in Path(str(room.__file__)).parent.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield from re.findall(r"\A_?[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\Z", node.value)
                    yield from re.findall(r"\A(?:https?|no|all)_proxy\Z", node.value)


def test_every_variable_that_kled_reads_is_scrubbed_or_leads_nowhere() -> None:  # faults 29, 96
    read = {*constants(), *config.VARIABLES, *OF_THE_PERSON} - NO_VARIABLES

    assert {name for name in read if not leads_outside(name)} == OF_THE_PERSON


@pytest.mark.parametrize("cloud", CLOUDS.values(), ids=lambda cloud: cloud.name)
def test_every_variable_of_a_cloud_is_scrubbed(cloud: object) -> None:  # fault 96
    groups: tuple[tuple[str, ...], ...] = cloud.variables  # type: ignore[attr-defined]

    assert all(leads_outside(name) for group in groups for name in group)


@pytest.mark.parametrize("name", [*READ_BY_KOPS, *READ_BY_SDKS, *READ_BY_PREFECT])
def test_what_kops_prefect_and_the_clouds_read_is_scrubbed(name: str) -> None:  # faults 29, 96
    assert which_lead_outside({name}) == {name}


@pytest.mark.parametrize("name", ["LANG", "SSH_AUTH_SOCK", "DISPLAY", "VIRTUAL_ENV", "PS1"])
def test_what_leads_nowhere_stays(name: str) -> None:
    assert not leads_outside(name)


@pytest.mark.parametrize(
    "name", ["AWS_X;touch pwned", "KLED_$(touch pwned)", "KOPS_A\ntouch pwned", "AWS_É", "S3_A.B"]
)
def test_a_name_that_is_no_identifier_is_never_printed(name: str) -> None:  # fault 96
    assert which_lead_outside({name}) == set()


POISON = {
    **dict.fromkeys([*READ_BY_KOPS, *READ_BY_SDKS, *READ_BY_PREFECT], "http://127.0.0.1:1/real"),
    **dict.fromkeys(config.VARIABLES, "/real"),
    "KLED_NO_SUCH": "real",
    "KLED_OUTPUT": "json",
    "AWS_X;touch pwned": "real",
    "KOPS_A\ntouch pwned": "real",
    "BASH_FUNC_aws%%": "() { touch pwned; }",
}
ODD = ("box", "a b", "it's", "$(touch pwned)", "`touch pwned`", 'x"y', "two\nlines", "tail\n", "-n")


@pytest.mark.parametrize("name", ODD)
def test_a_poisoned_shell_keeps_nothing_that_leads_outside(
    tmp_path: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # faults 29, 96
    box = control.start(tmp_path / name, speed=1.0).directory
    for variable in {*os.environ} - {"PATH", "HOME"}:
        if not variable.startswith(("PYTEST_", "COVERAGE_")):
            monkeypatch.delenv(variable)
    for variable, value in POISON.items():
        monkeypatch.setenv(variable, value)
    assert app.run(["sandbox", "env", f"--dir={box}"]) == 0
    script = capfd.readouterr().out

    done = subprocess.run(
        ["sh", "-c", 'eval "$1"; exec env -0', "sh", script],
        env=dict(os.environ),
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )

    after = dict(line.split("=", 1) for line in done.stdout.decode().split("\0") if line)
    wanted = control.environment(box, path=os.environ["PATH"], snapshots=True)
    assert {name: after[name] for name in wanted} == wanted
    assert which_lead_outside(after) == which_lead_outside(wanted)
    assert not (tmp_path / "pwned").exists()
    assert done.stderr == b""


def test_a_directory_that_no_path_can_name_is_refused(tmp_path: Path) -> None:  # fault 96
    with pytest.raises(ValueError, match="no PATH could name its kops"):
        control.start(tmp_path / "a:b", speed=1.0)
