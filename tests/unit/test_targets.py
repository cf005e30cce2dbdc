"""The table `[health]` of the settings file."""

from datetime import timedelta
from pathlib import Path

import pytest

from kled import config
from kled.errors import InvalidInput
from kled.targets import Targets


def loaded(tmp_path: Path, text: str) -> Targets:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return config.load({"HOME": str(tmp_path), "KLED_CONFIG": str(path)}).targets


def test_nothing_said_holds_clusters_to_what_kled_schedules(tmp_path: Path) -> None:
    assert loaded(tmp_path, "") == Targets(timedelta(hours=3), 1, 3, 60)


def test_each_target_can_be_set(tmp_path: Path) -> None:
    text = """
    [health]
    snapshot-age = "1h30m"
    snapshot-level = 4
    etcd-backup-intervals = 2
    certificate-days = 90
    """

    assert loaded(tmp_path, text) == Targets(timedelta(minutes=90), 4, 2, 90)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("health = 3", "health"),
        ("[health]\nsnapshot-ages = '1h'", "health.snapshot-ages"),
        ("[health]\nsnapshot-age = 3", "health.snapshot-age"),
        ("[health]\nsnapshot-age = 'soon'", "health.snapshot-age"),
        ("[health]\nsnapshot-age = '0'", "health.snapshot-age"),
        ("[health]\nsnapshot-level = 3", "health.snapshot-level"),
        ("[health]\nsnapshot-level = true", "health.snapshot-level"),
        ("[health]\netcd-backup-intervals = 0", "health.etcd-backup-intervals"),
        ("[health]\netcd-backup-intervals = 1.5", "health.etcd-backup-intervals"),
        ("[health]\ncertificate-days = '60'", "health.certificate-days"),
    ],
)
def test_a_bad_target_names_its_field_and_the_file(tmp_path: Path, text: str, field: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        loaded(tmp_path, text)

    assert raised.value.message.startswith(f"{field}: ")
    assert str(tmp_path / "config.toml") in raised.value.message
