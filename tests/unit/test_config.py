from datetime import timedelta
from pathlib import Path

import pytest

from kled.config import SANDBOX_MARK, load
from kled.errors import InvalidInput, SettingsError
from kled.store_profiles import Profile, SnapshotProfile


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path)}


def write(home: dict[str, str], text: str) -> Path:
    path = Path(home["HOME"]) / ".config" / "kled" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_an_empty_home_gives_defaults(home: dict[str, str]) -> None:
    settings = load(home)

    assert settings.state_store is None
    assert settings.home == Path(home["HOME"]) / ".local/share/kled"
    assert settings.lease_ttl == timedelta(seconds=60)
    assert settings.lease_wait is None
    assert settings.profile == Profile()


@pytest.mark.parametrize("env", [{"HOME": ""}, {"HOME": "here"}, {"XDG_CONFIG_HOME": ".config"}])
def test_no_directory_that_somebody_works_in_gives_settings_or_a_kops(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for place in (tmp_path, tmp_path / "here"):
        write({"HOME": str(place)}, "unknown = 1")

    settings = load(env)

    assert settings.home == Path("/.local/share/kled")


@pytest.mark.parametrize(
    ("state", "variables", "expected"),
    [
        (
            "s3://option",
            {"KLED_STATE_STORE": "s3://kled", "KOPS_STATE_STORE": "s3://kops"},
            "s3://option",
        ),
        (None, {"KLED_STATE_STORE": "s3://kled", "KOPS_STATE_STORE": "s3://kops"}, "s3://kled"),
        (None, {"KOPS_STATE_STORE": "s3://kops/"}, "s3://kops"),
        (None, {"KLED_STATE_STORE": ""}, "s3://file"),
    ],
)
def test_options_win_over_variables_over_the_file(
    home: dict[str, str], state: str | None, variables: dict[str, str], expected: str
) -> None:
    write(home, 'default-state-store = "s3://file"')

    assert load({**home, **variables}, state=state).state_store == expected


def test_a_profile_belongs_to_its_state_store(home: dict[str, str]) -> None:
    write(home, '[state-stores."s3://a/"]\nregion = "eu-west-1"\nsnapshot-store = "s3://b"\n')

    settings = load(home, state="s3://a")

    assert settings.profile == Profile(region="eu-west-1", snapshot_store="s3://b")
    assert settings.snapshot_store == "s3://b"
    assert load(home, state="s3://other").profile == Profile()


SNAPSHOTS = """
[state-stores."s3://a"]
snapshot-store = "s3://kept/"
[snapshot-stores."s3://kept"]
region = "eu-central-1"
aws-profile = "backup"
recipients = ["age1file"]
identity = "/keys/identity"
keep = { daily = 14, last = 1 }
"""


def test_a_snapshot_store_has_its_own_way_keys_and_retention(home: dict[str, str]) -> None:
    write(home, SNAPSHOTS)

    found = load(home, state="s3://a")

    assert found.snapshot_store == "s3://kept"
    assert found.snapshot_profile == SnapshotProfile(
        region="eu-central-1",
        aws_profile="backup",
        recipients=("age1file",),
        identity=Path("/keys/identity"),
        keep={"daily": 14, "last": 1},
    )
    assert found.snapshot_profile.is_elsewhere


def test_variables_win_over_a_snapshot_stores_keys(home: dict[str, str]) -> None:
    write(home, SNAPSHOTS)
    variables = {
        "KLED_SNAPSHOT_RECIPIENTS": "age1a, age1b",
        "KLED_SNAPSHOT_IDENTITY": "/other/identity",
        "KLED_SNAPSHOT_SIGNING_KEY": "/other/signing",
        "KLED_SNAPSHOT_VERIFICATION_KEY": "a2V5",
    }

    found = load(home | variables, state="s3://a").snapshot_profile

    assert (found.recipients, found.identity) == (("age1a", "age1b"), Path("/other/identity"))
    assert (found.signing_key, found.verification_keys) == (Path("/other/signing"), ("a2V5",))
    assert found.region == "eu-central-1"


@pytest.mark.parametrize(
    ("option", "variables", "expected"),
    [
        ("s3://option/", {"KLED_SNAPSHOT_STORE": "s3://variable"}, "s3://option"),
        (None, {"KLED_SNAPSHOT_STORE": "s3://variable/"}, "s3://variable"),
        (None, {}, "s3://kept"),
    ],
)
def test_the_snapshot_store_is_chosen_as_all_settings_are(
    home: dict[str, str], option: str | None, variables: dict[str, str], expected: str
) -> None:
    write(home, SNAPSHOTS)

    found = load(home | variables, state="s3://a", snapshots=option)

    assert found.snapshot_store == expected


def test_all_variables_are_read(home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / SANDBOX_MARK).touch()
    settings = load(
        {
            **home,
            "KLED_KOPS": "/opt/kops",
            "KLED_HOME": "/var/kled",
            "KLED_LEASE_WAIT": "1.5",
            "KLED_LEASE_TTL": "3",
            "KLED_PROTECTED": "prod-*, *.live.example.com,",
            "KLED_OUTPUT": "json",
            "KLED_TEST_KOPS": "left to tests",
            "XDG_CONFIG_HOME": "/etc/xdg",
            "KLED_SANDBOX": str(tmp_path),
        }
    )

    assert settings.kops == Path("/opt/kops")
    assert settings.home == Path("/var/kled")
    assert settings.lease_wait == timedelta(seconds=1.5)
    assert settings.lease_ttl == timedelta(seconds=3)
    assert settings.protected == ("prod-*", "*.live.example.com")
    assert settings.output == "json"
    assert settings.config_file == Path("/etc/xdg/kled/config.toml")
    assert settings.sandbox == tmp_path


def test_an_unknown_variable_is_refused_with_the_nearest_known_one(home: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="unknown variable KLED_STATESTORE") as failure:
        load({**home, "KLED_STATESTORE": "s3://x"})

    assert "did you mean KLED_STATE_STORE?" in str(failure.value.hint)


def test_an_unknown_variable_like_no_other_is_refused_too(home: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as failure:
        load({**home, "KLED_ZZZZZZZZZZZZ": "1"})

    assert str(failure.value.hint).startswith("known: ")


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("colour = 1", "colour"),
        ('[state-stores."s3://a"]\nregoin = "x"', "regoin"),
        ('[state-stores."s3://a"]\nregion = 1', 'state-stores."s3://a".region'),
        ('state-stores = "s3://a"', "state-stores"),
        ('[state-stores]\n"s3://a" = 1', 'state-stores."s3://a"'),
        ("default-state-store = 1", "default-state-store"),
        ('protected = "prod"', "protected"),
        ("protected = [1]", "protected"),
        ('lease-wait = "soon"', "lease-wait"),
        ('snapshot-stores = "s3://a"', "snapshot-stores"),
        ('[snapshot-stores]\n"s3://a" = 1', 'snapshot-stores."s3://a"'),
        ('[snapshot-stores."s3://a"]\nrecipient = ["x"]', "recipient"),
        ('[snapshot-stores."s3://a"]\nrecipients = "x"', 'snapshot-stores."s3://a".recipients'),
        ('[snapshot-stores."s3://a"]\nrecipients = [1]', 'snapshot-stores."s3://a".recipients'),
        ('[snapshot-stores."s3://a"]\nidentity = 1', 'snapshot-stores."s3://a".identity'),
        ('[snapshot-stores."s3://a"]\nkeep = 7', 'snapshot-stores."s3://a".keep'),
        ('[snapshot-stores."s3://a".keep]\ndaily = "7"', 'snapshot-stores."s3://a".keep'),
        ('[snapshot-stores."s3://a".keep]\ndaily = -1', 'snapshot-stores."s3://a".keep'),
        ('[snapshot-stores."s3://a".keep]\ndaily = true', 'snapshot-stores."s3://a".keep'),
        ('[snapshot-stores."s3://a".keep]\nfortnightly = 7', "fortnightly"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(home: dict[str, str], text: str, field: str) -> None:
    write(home, text)

    with pytest.raises(InvalidInput) as failure:
        load(home)

    assert failure.value.field == field


@pytest.mark.parametrize("value", ["-1", "nan", "inf", "x"])
def test_seconds_must_be_seconds(home: dict[str, str], value: str) -> None:
    with pytest.raises(InvalidInput, match="KLED_LEASE_TTL"):
        load({**home, "KLED_LEASE_TTL": value})


def test_an_output_format_that_there_is_not_is_refused(home: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="none of table, json, yaml"):
        load({**home, "KLED_OUTPUT": "xml"})


def test_a_broken_file_is_named(home: dict[str, str]) -> None:
    path = write(home, "= nothing")

    with pytest.raises(SettingsError, match="is not valid TOML") as failure:
        load(home)

    assert str(path) in failure.value.message


def test_a_file_that_is_asked_for_must_be_there(home: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no settings file"):
        load(home, config=tmp_path / "none.toml")


def test_an_unreadable_file_is_named(home: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot read the settings file"):
        load(home, config=tmp_path)


def test_the_environment_is_not_shown(home: dict[str, str]) -> None:
    assert "hunter2" not in repr(load({**home, "AWS_SECRET_ACCESS_KEY": "hunter2"}))


def test_several_verification_keys_are_named_by_commas_or_in_a_list(home: dict[str, str]) -> None:
    write(home, SNAPSHOTS.replace("region", 'verification-key = ["old", "new"]\nregion'))

    from_file = load(home, state="s3://a").snapshot_profile
    variable = {"KLED_SNAPSHOT_VERIFICATION_KEY": "other, third"}

    assert from_file.verification_keys == ("old", "new")
    by_variable = load(home | variable, state="s3://a").snapshot_profile
    assert by_variable.verification_keys == ("other", "third")


@pytest.mark.parametrize("value", ["7", '["a", 7]', "{}"])
def test_verification_keys_that_are_no_texts_are_refused(home: dict[str, str], value: str) -> None:
    write(home, SNAPSHOTS.replace("region", f"verification-key = {value}\nregion"))

    with pytest.raises(InvalidInput, match="verification-key"):
        load(home, state="s3://a")


def test_a_variable_that_names_no_key_never_turns_verification_off(home: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="names no key"):
        load(home | {"KLED_SNAPSHOT_VERIFICATION_KEY": " , "})


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("s3://AKIAKEY:HUSH@bucket", "has no credentials in it: write s3://BUCKET"),
        ("gs://HUSH@bucket/prefix", "has no credentials in it: write gs://BUCKET"),
        ("azureblob://u:HUSH@account/c", "has no credentials in it"),
        ("s3:///prefix", "names no bucket"),
        ("do://", "names no bucket"),
    ],
)
@pytest.mark.parametrize(
    "place", ["KOPS_STATE_STORE", "KLED_SNAPSHOT_STORE", "--state", "default-state-store"]
)
def test_a_store_with_credentials_or_without_a_bucket_is_refused_where_it_stands(
    home: dict[str, str], place: str, url: str, words: str
) -> None:
    """Commands that leave the store to kops said that the cloud does not answer, and cut it off."""
    state = None
    if place.startswith("default"):
        file = Path(home["HOME"]) / ".config" / "kled" / "config.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f'{place} = "{url}"\n')
    elif place.startswith("--"):
        state = url
    else:
        home[place] = url

    with pytest.raises(InvalidInput, match=words) as refused:
        load(home, state=state)

    assert refused.value.field == place
    assert "HUSH" not in f"{refused.value} {refused.value.hint}"


@pytest.mark.parametrize(
    "url", ["file:///a@b", "/a@b", "s3://bucket/a@b", "memory://x", "azureblob://account/c"]
)
def test_a_sign_in_a_path_is_no_credential(home: dict[str, str], url: str) -> None:
    assert load(home | {"KOPS_STATE_STORE": url}).state_store


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("[approval]\nneeded = [1]", "approval.needed"),
        ("[[maintenance-windows]]\nfrom = '02:00'", "maintenance-windows[0].to"),
        ("[notifications]\non = ['never']", "notifications.on"),
        ("protected = 1", "protected"),
        ("lease-wait = 'soon'", "lease-wait"),
        ("default-state-store = 1", "default-state-store"),
        ("[state-stores]\n's3://a' = 1", "s3://a"),
    ],
)
def test_what_is_wrong_in_a_settings_file_is_told_with_its_field_and_the_file(
    tmp_path: Path, text: str, field: str
) -> None:
    file = tmp_path / "k.toml"
    file.write_text(text)

    with pytest.raises(InvalidInput) as refused:
        load({"HOME": str(tmp_path), "KLED_CONFIG": str(file)})

    assert field in refused.value.message
    assert refused.value.message.endswith(f"(in the settings file {file})")
