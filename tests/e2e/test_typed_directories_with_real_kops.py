"""A directory is the same place to kled and to the real kops, which decodes no URL."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.typed import rows, typed

pytestmark = pytest.mark.kops
STORED = Path(__file__).parents[1] / "captures/kops/1.36.2/state-store-1cp-after-update"
C = "demo.k8s.local"


@pytest.mark.parametrize("how", ["url", "path", "localhost", "slashes"])
def test_kops_lists_what_is_in_the_directory_that_was_typed(
    kled_env: dict[str, str], tmp_path: Path, how: str
) -> None:
    state = tmp_path / "a b%20é"
    (state / C).mkdir(parents=True)
    (state / C / "config").write_bytes((STORED / "config").read_bytes())
    spelled = {
        "url": state.as_uri(),
        "path": str(state),
        "localhost": state.as_uri().replace("///", "//localhost/"),
        "slashes": f"//{state}//",
    }

    listed = typed(kled_env)("get-clusters", f"--state={spelled[how]}", "--output=json")

    assert [one["name"] for one in rows(listed)] == [C]
