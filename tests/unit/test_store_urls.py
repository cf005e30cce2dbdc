"""One place has many spellings, and what differs in a letter is another place."""

from pathlib import Path

import pytest

from kled import config
from kled.errors import InvalidInput
from kled.kops.facts.versions import as_kops_takes, check_state_store
from kled.kops.state_store.irregular import require_files
from kled.kops.state_store.locations import path, root_of
from kled.storage.base import Location
from kled.storage.overlap import is_one
from kled.storage.url import located
from kled.store_urls import canonical, directory, is_same

BLANK = "/srv/a b/50%25 é?x#y"
SAME = [
    "/srv/a b/50%25 é?x#y",
    "/srv/a b/50%25 é?x#y/",
    "//srv/a b/50%25 é?x#y",
    "///srv//a b/./50%25 é?x#y",
    "file:///srv/a%20b/50%2525%20%C3%A9%3Fx%23y",
    "file:///srv/a%20b/50%2525%20%c3%a9%3fx%23y//",
    "file:////srv/a b/50%2525 é?x#y",
    "file://localhost/srv/a b/50%2525 é?x#y",
    "FILE://LOCALHOST/srv/a b/50%2525 é?x#y",
]
DIFFERENT = [
    ("file:///srv/state", "file:///srv/State"),
    ("file:///srv/state", "file:///srv/state2"),
    ("file:///srv/state", "file:///srv/state/c.example.com"),
    ("file:///srv/state", "srv/state"),
    ("file:///srv/state", "file://srv/state"),
    ("file:///srv/state", "file://host/srv/state"),
    ("/srv/a%20b", "/srv/a b"),
    ("/srv/a%20b", "file:///srv/a%20b"),
    ("file:///srv/a+b", "file:///srv/a%20b"),
    ("file:///srv/a?b", "file:///srv/a"),
    ("file:///srv/a#b", "file:///srv/a"),
    ("s3://bucket", "s3://Bucket"),
    ("s3://bucket", "s3://bucket/prefix"),
    ("s3://bucket/prefix", "s3://bucket/prefix2"),
    ("s3://bucket/prefix", "s3://bucket/Prefix"),
    ("s3://bucket/a b", "s3://bucket/a%20b"),
    ("s3://bucket/a", "s3://bucket//a"),
    ("s3://bucket", "gs://bucket"),
    ("s3://bucket", "do://bucket"),
    ("s3://bucket", "memory://bucket"),
    ("azureblob://one/state", "azureblob://two/state"),
    ("", "/"),
    ("", "s3://bucket"),
]


@pytest.mark.parametrize("url", SAME)
@pytest.mark.parametrize("other", SAME)
def test_each_spelling_of_a_directory_is_the_same_place(url: str, other: str) -> None:
    assert directory(url) == Path(BLANK)
    assert canonical(url) == canonical(other) == Path(BLANK).as_uri()
    assert is_same(url, other)
    assert is_one(located(Location(url), {}), located(Location(other), {}))


@pytest.mark.parametrize(("one", "other"), [*DIFFERENT, *(pair[::-1] for pair in DIFFERENT)])
def test_what_differs_in_a_letter_is_another_place(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)
    assert not is_same(one, other)


def test_a_bucket_of_another_service_is_another_place() -> None:
    bucket = "s3://bucket"
    assert is_one(Location(bucket), Location(bucket, "https://s3.eu-west-1.amazonaws.com"))
    assert not is_one(Location(bucket), Location(bucket, "https://fra1.digitaloceanspaces.com"))
    assert not is_one(Location(bucket), Location(f"{bucket}/prefix"))


def test_the_last_slash_of_a_bucket_does_not_count() -> None:
    assert is_same("s3://bucket", "s3://bucket/")
    assert canonical("s3://Bucket/Prefix//") == "s3://Bucket/Prefix"


def test_a_link_that_was_turned_is_looked_at_again(tmp_path: Path) -> None:
    """A worker lives for weeks: what a link was when it began tells nothing."""
    blue, green, link = tmp_path / "blue", tmp_path / "green", tmp_path / "link"
    link.symlink_to(blue)
    assert is_same(str(link), str(blue))
    link.unlink()
    link.symlink_to(green)
    assert not is_same(str(link), str(blue))
    assert is_same(str(link), f"{green.as_uri()}/")


@pytest.mark.parametrize(
    "odd",
    [
        "file:",
        "file://",
        "file://host/x",
        "file:srv",
        "file:///\0",
        "file:///\0/..",
        "/\ud800/..",
        "",
    ],
)
def test_what_is_no_url_is_itself_alone(odd: str) -> None:
    assert is_same(odd, odd)
    assert not is_same(odd, "file:///srv/state")
    assert canonical(canonical(odd)) == canonical(odd)
    assert root_of(odd, "c.example.com").endswith("/c.example.com")  # a manifest may say anything


@pytest.mark.parametrize("url", SAME)
def test_kops_is_sent_to_the_directory_that_kled_opens(url: str) -> None:
    """kops decodes nothing: file:///srv/a%20b is a directory with three letters more."""
    assert as_kops_takes(url) == f"file://{BLANK}"
    check_state_store(canonical(url))  # as settings have it
    assert path(root_of(url, "c.example.com")) == f"{BLANK}/c.example.com"
    require_files(url, "c.example.com", "get clusters")


def test_a_definition_is_read_as_kops_reads_it() -> None:
    assert path("file:///srv/a%20b/c") == "/srv/a%20b/c"
    assert path("/srv/a b/c") == path("file:///srv/a b/c/")
    assert path("s3://bucket/c") != path("gs://bucket/c")
    assert path("s3://bucket/c") == path("do://bucket/c/")  # one bucket, by its provider's name


@pytest.mark.parametrize(
    "url", ["s3://b/a%20b", "s3://b//a", "s3://b/a//c", "gs://b/a/../c", "do://b/./a"]
)
def test_a_bucket_that_kops_would_take_for_another_place_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="another place for kops") as refused:
        check_state_store(url)
    assert f"{url.partition(':')[0]}://BUCKET/PREFIX" in str(refused.value.hint)


def test_a_relative_directory_is_refused() -> None:
    for url in ("file://srv/state", "file://host/srv"):
        with pytest.raises(InvalidInput, match="not an absolute path"):
            check_state_store(url)


def test_two_directories_that_one_url_may_mean_are_told_apart(tmp_path: Path) -> None:
    """kops alone would go to the one, and kled to the other."""
    (tmp_path / "a b").mkdir()
    url = f"file://{tmp_path}/a%20b"
    env = {"HOME": str(tmp_path), "KOPS_STATE_STORE": url}
    assert config.load(env).state_store == url
    (tmp_path / "a%20b").mkdir()
    with pytest.raises(InvalidInput, match="and one is called") as refused:
        config.load(env)
    assert f"--state='{tmp_path}/a b'" in str(refused.value.hint)
    assert f"--state={tmp_path}/a%20b" in str(refused.value.hint)
    bare = config.load(env | {"KOPS_STATE_STORE": f"{tmp_path}/a%20b"}).state_store or ""
    assert as_kops_takes(bare) == url


@pytest.mark.parametrize("url", SAME)
def test_the_profile_of_a_store_is_found_however_it_is_typed(url: str, tmp_path: Path) -> None:
    """Without it there is neither a snapshot before a change nor an epoch."""
    file = tmp_path / "config.toml"
    quoted = url.replace("\\", "\\\\")
    file.write_text(
        f'[state-stores."{quoted}"]\nsnapshot-store = "file:///srv/kept/"\n'
        f'[snapshot-stores."/srv/kept"]\nidentity = "/etc/identity"\n'
    )
    for typed in SAME:
        found = config.load({"HOME": str(tmp_path), "KLED_CONFIG": str(file)}, state=typed)
        assert found.profile.snapshot_store == "file:///srv/kept/"
        assert found.snapshot_store == "file:///srv/kept"
        assert found.snapshot_profile.identity == Path("/etc/identity")


def test_two_profiles_of_one_store_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[state-stores."/srv/a"]\n[state-stores."file:///srv/a/"]\n')
    with pytest.raises(InvalidInput, match="are one place"):
        config.load({"HOME": str(tmp_path), "KLED_CONFIG": str(file)})


def test_the_profile_of_a_directory_is_found_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "state")
    file = tmp_path / "config.toml"
    file.write_text(
        f'[state-stores."{tmp_path}/state"]\nsnapshot-store = "s3://kept"\n'
        '[snapshot-stores."s3://kept"]\nregion = "eu-west-1"\n'
    )
    env = {"HOME": str(tmp_path), "KLED_CONFIG": str(file)}
    for typed in (f"{tmp_path}/link", f"file://{tmp_path}/link/"):
        found = config.load(env, state=typed)
        assert found.snapshot_store == "s3://kept"
        assert found.profile.snapshot_store == "s3://kept"
        assert found.snapshot_profile.region == "eu-west-1"
    assert config.load(env, state=f"{tmp_path}/other").snapshot_store is None
