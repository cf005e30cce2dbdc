import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from kled import config
from kled.cli.frame.settings_file import merge, remember
from kled.errors import DiskUnusable, SettingsError
from kled.store_profiles import Profile

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = TEXTS | st.booleans() | st.integers(-(2**31), 2**31) | st.lists(TEXTS, max_size=3)
TABLES = st.dictionaries(TEXTS, SCALARS | st.dictionaries(TEXTS, SCALARS, max_size=3), max_size=4)
OURS = {"default-state-store", "state-stores"}
PROFILES = st.dictionaries(st.sampled_from(["region", "endpoint"]), TEXTS, max_size=2)


@given(TABLES, TEXTS, PROFILES, st.booleans())
def test_whatever_is_there_stays(
    values: dict[str, Any], url: str, profile: dict[str, str], default: bool
) -> None:
    before = {name: value for name, value in values.items() if name not in OURS}

    after = tomllib.loads(merge(tomlkit.dumps(before), url, profile, default=default))

    assert {name: value for name, value in after.items() if name not in OURS} == before
    assert after["state-stores"] == {url: profile}
    assert after.get("default-state-store") == (url if default else None)


@given(TEXTS, PROFILES, TEXTS, PROFILES, st.booleans())
def test_a_second_profile_leaves_the_first_alone(
    first: str, one: dict[str, str], second: str, two: dict[str, str], default: bool
) -> None:
    before = merge("", first, one, default=True)

    after = merge(before, second, two, default=default)

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
        'protected = ["prod-*"] # ask ada\n'
        'default-state-store = "s3://a"\n\n'
        '[state-stores."s3://a"]\n# Ireland\nregion = "eu-west-2"\nsnapshot-store = "s3://s"\n\n'
        '[state-stores."s3://b"]\nregion = "us-east-1"\n'
    )
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "text",
    [
        'state-stores = {"s3://a" = {region = "eu-west-1"}} # inline\nlease-wait = 30\n',
        'lease-wait = 30\n[state-stores]\n"s3://a".region = "eu-west-1" # both\n',
        '[state-stores."s3://a"]\nregion = "eu-west-1" # between\n[snapshot-stores]\n',
    ],
)
def test_every_form_of_a_table_is_edited_and_its_comments_stay(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    present = tomllib.loads(text)

    remember(path, "s3://b", {"region": "us-east-1"}, default=True)

    stores = {"s3://a": {"region": "eu-west-1"}, "s3://b": {"region": "us-east-1"}}
    wanted = {**present, "default-state-store": "s3://b", "state-stores": stores}
    assert tomllib.loads(path.read_text()) == wanted
    assert text.partition("# ")[2].partition("\n")[0] in path.read_text()


def test_a_form_that_cannot_be_edited_is_left_alone_and_what_to_write_is_said(
    tmp_path: Path,
) -> None:
    path = tmp_path / "config.toml"
    text = 'state-stores."s3://a".region = "eu-west-1"\n'
    path.write_text(text)

    with pytest.raises(SettingsError, match="cannot be edited without changing more") as raised:
        remember(path, "s3://b", {"region": "us-east-1"}, default=True)

    assert '[state-stores."s3://b"]' in str(raised.value.hint)
    assert path.read_text() == text


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
