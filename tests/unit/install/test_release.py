import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kled.errors import ChecksumMismatch, InvalidInput, ReleaseMissing
from kled.install import release
from kled.install.release import OFFICIAL, Platform

LINUX = Platform("linux", "amd64")
number = st.integers(0, 999_999)
suffix = st.just("") | st.builds(
    "-{}.{}".format, st.sampled_from(["alpha", "beta", "rc"]), st.integers(0, 99)
)
versions = st.builds("{}.{}.{}{}".format, number, number, number, suffix)
digests = st.text("0123456789abcdef", min_size=64, max_size=64)
ADDRESS = "https://mirror.example/releases/download/v1.36.2/kops-linux-amd64?sig=hush-hush"


@given(versions, st.sampled_from(["", "v"]), st.sampled_from(["", " ", "\n", "\r\n"]))
def test_a_version_is_read_with_and_without_its_v(version: str, v: str, end: str) -> None:
    assert release.parse_version(f"{v}{version}{end}") == version
    assert release.is_prerelease(version) == ("-" in version)


@given(st.text(string.printable, max_size=20))
def test_whatever_is_accepted_as_a_version_is_safe_in_paths_and_addresses(text: str) -> None:
    try:
        version = release.parse_version(text)
    except InvalidInput:
        return
    assert set(version) <= set("0123456789.-" + string.ascii_lowercase)
    assert ".." not in version
    assert version[0].isdigit()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "latest",
        "1.36",
        "1.36.2.1",
        "01.2.3",
        "../1.2.3",
        "1.2.3/..",
        "1.2.3-ci",
        "1.2.3+a",
        "1.36.٢",
    ],
)
def test_what_is_no_version_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidInput, match="version") as caught:
        release.parse_version(text)

    assert "1.36.2" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("system", "machine", "expected"),
    [
        ("Linux", "x86_64", "linux/amd64"),
        ("Linux", "aarch64", "linux/arm64"),
        ("Darwin", "arm64", "darwin/arm64"),
        ("Darwin", "x86_64", "darwin/amd64"),
    ],
)
def test_platforms_are_named_as_kops_names_them(system: str, machine: str, expected: str) -> None:
    assert str(release.platform_of(system, machine)) == expected


@pytest.mark.parametrize(("system", "machine"), [("Windows", "AMD64"), ("Linux", "ppc64le")])
def test_a_platform_without_a_build_is_refused_by_name(system: str, machine: str) -> None:
    with pytest.raises(ReleaseMissing, match=f"{system.lower()}/{machine.lower()}") as caught:
        release.platform_of(system, machine)

    assert "KLED_KOPS" in (caught.value.hint or "")


def test_github_has_one_layout_and_a_mirror_may_have_either() -> None:
    assert release.addresses(OFFICIAL, "1.36.2", LINUX) == (
        "https://github.com/kubernetes/kops/releases/download/v1.36.2/kops-linux-amd64",
    )
    assert release.addresses("https://m.example/kops/?sas=1", "1.36.2", LINUX) == (
        "https://m.example/kops/releases/download/v1.36.2/kops-linux-amd64?sas=1",
        "https://m.example/kops/1.36.2/linux/amd64/kops?sas=1",
    )


def test_a_mirror_is_an_http_address_and_github_by_default() -> None:
    assert release.parse_mirror(None) == OFFICIAL
    assert release.parse_mirror("https://m.example/kops/") == "https://m.example/kops"


@pytest.mark.parametrize(
    "text", ["", "m.example/kops", "ftp://m.example", "https://", "https://u:geheim@m.example:x/"]
)
def test_a_mirror_that_is_no_address_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InvalidInput, match="KLED_KOPS_MIRROR") as caught:
        release.parse_mirror(text)

    assert "geheim" not in str(caught.value)


def test_addresses_are_shown_without_what_is_secret_in_them() -> None:
    assert release.shown("https://u:geheim@m.example:8443/a/b?sig=geheim#c") == (
        "https://m.example:8443/a/b"
    )


@given(
    digests,
    st.sampled_from(["{}", "{}\n", "{}\r\n", "{}  kops-linux-amd64\n", "{} *kops-linux-amd64"])
    | st.sampled_from(["\ufeff{}\n", "\n{}  dist/linux/amd64/kops\n\n", "{}\tanything at all\n"]),
    st.sampled_from([str.upper, str.lower]),
)
def test_a_digest_is_read_in_every_usual_form(
    digest: str, form: str, spelling: Callable[[str], str]
) -> None:
    assert release.parse_digest(form.format(spelling(digest)), ADDRESS) == digest


@given(digests, digests)
def test_in_a_list_of_digests_the_line_with_the_name_counts(one: str, other: str) -> None:
    text = f"{other}  ./dist/kops-darwin-arm64\n{one}  ./dist/kops-linux-amd64\n"

    assert release.parse_digest(text, ADDRESS) == one


@given(st.text(max_size=63))
def test_anything_else_is_no_digest_and_the_error_hides_the_token(text: str) -> None:
    with pytest.raises(ChecksumMismatch) as caught:
        release.parse_digest(text, ADDRESS)

    assert "kops-linux-amd64.sha256 holds no sha256 digest" in caught.value.message
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["<html>log in</html>", "a" * 63, f"{'a' * 64}  x\n{'b' * 64}  y\n", f"x {'a' * 64}"]
)
def test_a_page_or_a_list_of_other_files_is_no_digest(text: str) -> None:
    with pytest.raises(ChecksumMismatch):
        release.parse_digest(text, ADDRESS)
