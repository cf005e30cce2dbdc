import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kled import config
from kled.cli.frame.settings_file import dump, merge, remember
from kled.errors import DiskUnusable, SettingsError
from kled.store_profiles import Profile

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = TEXTS | st.booleans() | st.integers(-(2**31), 2**31) | st.lists(TEXTS, max_size=3)
TABLES = st.dictionaries(TEXTS, SCALARS | st.dictionaries(TEXTS, SCALARS, max_size=3), max_size=4)
PROFILES = st.dictionaries(st.sampled_from(["region", "endpoint"]), TEXTS, max_size=2)


@given(TABLES)
def test_what_is_dumped_is_read_back(values: dict[str, Any]) -> None:
    assert tomllib.loads(dump(values)) == values


@given(TEXTS, PROFILES, TEXTS, PROFILES, st.booleans())
def test_a_second_profile_leaves_the_first_alone(
    first: str, one: dict[str, str], second: str, two: dict[str, str], default: bool
) -> None:
    before = merge("", first, one, default=True)
    assert before is not None

    after = merge(before, second, two, default=default)

    assert after is not None
    found = tomllib.loads(after)
    assert found["default-state-store"] == (second if default else first)
    assert found["state-stores"][second] == (one | two if first == second else two)
    assert first == second or found["state-stores"][first] == one


def test_comments_and_the_order_of_things_stay(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        'protected = ["prod-*"] # ask ada\n\n'
        '[state-stores."s3://a"]\n# Ireland\nregion = "eu-west-1"\nsnapshot-store = "s3://s"\n\n'
        '[state-stores."s3://b"]\nregion = "us-east-1"\n'
    )

    remember(path, "s3://a", {"region": "eu-west-2"}, default=True)

    assert path.read_text() == (
        'default-state-store = "s3://a"\n'
        'protected = ["prod-*"] # ask ada\n\n'
        '[state-stores."s3://a"]\n# Ireland\nsnapshot-store = "s3://s"\nregion = "eu-west-2"\n\n'
        '[state-stores."s3://b"]\nregion = "us-east-1"\n'
    )
    assert not list(tmp_path.glob("*.bak"))


def test_a_form_that_cannot_be_edited_is_written_anew_and_the_old_file_kept(
    tmp_path: Path,
) -> None:
    path = tmp_path / "config.toml"
    text = 'state-stores = {"s3://a" = {region = "eu-west-1"}} # inline\nlease-wait = 30\n'
    path.write_text(text)

    remember(path, "s3://b", {"region": "us-east-1"}, default=False)

    assert tomllib.loads(path.read_text()) == {
        "lease-wait": 30,
        "state-stores": {"s3://a": {"region": "eu-west-1"}, "s3://b": {"region": "us-east-1"}},
    }
    assert (tmp_path / "config.toml.bak").read_text() == text


def test_what_was_written_is_what_settings_read(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "config.toml"

    remember(path, "s3://a", {"region": "eu-west-1", "endpoint": "https://s"}, default=True)

    settings = config.load({"HOME": str(tmp_path)}, config=path)
    assert settings.state_store == "s3://a"
    assert settings.profile == Profile("eu-west-1", "https://s")


def test_writing_the_same_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    remember(path, "s3://a", {"region": "eu-west-1"}, default=True)
    before = path.read_text(), path.stat().st_mtime_ns

    remember(path, "s3://a", {"region": "eu-west-1"}, default=True)

    assert (path.read_text(), path.stat().st_mtime_ns) == before


def test_a_link_is_followed_and_the_mode_stays(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    real.write_text("")
    real.chmod(0o640)
    link = tmp_path / "config.toml"
    link.symlink_to(real)

    remember(link, "s3://a", {}, default=True)

    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert "s3://a" in real.read_text()


def test_a_file_that_is_no_toml_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("protected = [")

    with pytest.raises(SettingsError, match="not valid TOML"):
        remember(path, "s3://a", {}, default=True)

    assert path.read_text() == "protected = ["


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(DiskUnusable, match="cannot make "):
        remember(tmp_path / "file" / "config.toml", "s3://a", {}, default=True)


def test_a_store_that_is_there_in_another_spelling_keeps_its_table(tmp_path: Path) -> None:
    """Two tables of one store are refused."""
    path = tmp_path / "config.toml"
    path.write_text('[state-stores."/srv/state"]\nregion = "eu-west-1"\n')

    remember(path, "file:///srv/state", {"region": "eu-west-2"}, default=True)

    found = config.load({"HOME": str(tmp_path), "KLED_CONFIG": str(path)})
    assert found.state_store == "file:///srv/state"
    assert found.profile.region == "eu-west-2"
