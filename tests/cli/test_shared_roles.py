"""IAM is global in an account: two clusters of one name, in two regions, have one set of roles."""

from pathlib import Path

import pytest

from tests.boxes import Box, make_box

pytestmark = pytest.mark.slow

C = "twice.example.com"
EAST, WEST = "us-east-1a", "eu-west-1a"


class Account:
    """Two state stores with a cluster of one name each, in one account."""

    def __init__(self, directory: Path) -> None:
        self.box: Box = make_box(directory)
        self.first, self.second = ((directory / one).as_uri() for one in ("state", "second"))
        (directory / "second").mkdir()
        config = directory / "config.toml"
        stores = (self.first, self.second)
        config.write_text("".join(f'[state-stores."{one}"]\n' for one in stores))
        self.box.env["KLED_CONFIG"] = str(config)

    def create(self, store: str, zone: str) -> None:
        self.kops(store, "create", "cluster", f"--zones={zone}", "--cloud=aws", "--yes")

    def kops(self, store: str, *args: str) -> str:
        done = self.box.kops(*args, f"--name={C}", f"--state={store}")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def kled(self, store: str, verb: str, *more: str) -> "tuple[int, str]":
        done = self.box.kled("kops", verb, f"--name={C}", f"--state={store}", *more)
        return done.returncode, done.stdout + done.stderr

    def lacks(self, store: str) -> str:
        """Return what an update would have to make for the cluster."""
        return self.kops(store, "update", "cluster")


@pytest.fixture
def account(tmp_path: Path) -> Account:
    account = Account(tmp_path / "box")
    account.create(account.first, EAST)
    account.create(account.second, WEST)
    assert "IAMRole/" not in account.lacks(account.second)
    return account


def test_a_deletion_that_takes_the_roles_of_another_cluster_is_refused(account: Account) -> None:
    code, said = account.kled(account.first, "delete-cluster", "--yes")

    assert code == 6, said
    assert f'masters.{C}, nodes.{C} of cluster "{C}" in {account.second}' in said
    assert "isolate only a cluster that has had them since its first update" in said
    assert "IAMRole/" not in account.lacks(account.second)
    assert "IAMRole/" not in account.lacks(account.first)


def test_who_is_told_may_take_them_and_is_told_how_to_make_them_anew(account: Account) -> None:
    code, said = account.kled(account.first, "delete-cluster", "--yes", "--no-role-check")

    assert code == 0, said
    lacking = account.lacks(account.second)
    assert f"IAMRole/masters.{C}" in lacking
    assert f"IAMRole/nodes.{C}" in lacking
    assert account.kled(account.second, "update-cluster", "--yes")[0] == 0
    assert "IAMRole/" not in account.lacks(account.second)


def test_instance_profiles_of_its_own_isolate_the_other_cluster(account: Account) -> None:
    for group in (f"control-plane-{WEST}", f"nodes-{WEST}"):
        profile = f"spec.iam.profile=arn:aws:iam::123456789012:instance-profile/own-{group}"
        account.kops(account.second, "edit", "instancegroup", group, f"--set={profile}")

    code, said = account.kled(account.first, "delete-cluster", "--yes")

    assert code == 0, said
    assert "no other registered cluster uses its IAM roles" in said


def test_state_stores_of_different_accounts_share_no_roles(account: Account) -> None:
    config = account.box.directory / "config.toml"
    stores = ((account.first, "old"), (account.second, "new"))
    config.write_text(
        "".join(f'[state-stores."{url}"]\naccount = "{name}"\n' for url, name in stores)
    )

    code, said = account.kled(account.first, "delete-cluster", "--yes")

    assert code == 0, said


def test_only_changes_of_the_roles_are_refused(account: Account) -> None:
    nodes = f"nodes-{EAST}"
    account.kops(account.first, "edit", "instancegroup", nodes, "--set=spec.maxSize=3")
    assert account.kled(account.first, "update-cluster", "--yes")[0] == 0
    assert account.kled(account.first, "reconcile-cluster", "--yes")[0] == 0
    account.kled(account.second, "delete-cluster", "--yes", "--no-role-check")
    account.kops(account.second, "create", "cluster", f"--zones={WEST}", "--cloud=aws")

    for verb in ("update-cluster", "reconcile-cluster"):
        code, said = account.kled(account.first, verb, "--yes")
        assert code == 6, said
        assert f'of cluster "{C}" in {account.second}' in said


def test_a_new_cluster_does_not_take_over_the_roles_of_another(tmp_path: Path) -> None:
    account = Account(tmp_path / "box")
    account.create(account.first, EAST)

    code, said = account.kled(account.second, "create-cluster", f"--zones={WEST}", "--yes")

    assert code == 6, said
    assert list((tmp_path / "box" / "second").glob(C)) == []


def test_a_store_that_cannot_be_asked_stops_the_deletion(account: Account) -> None:
    (account.box.directory / "second").rename(account.box.directory / "moved")

    code, said = account.kled(account.first, "delete-cluster", "--yes")

    assert code == 1, said
    assert "--no-role-check" in said
