import httpx
import pytest

from kled.errors import DownloadFailed, KledError, ReleaseMissing
from kled.install.fetch import client, same_safety
from kled.install.published import latest
from kled.install.release import OFFICIAL
from tests.unit.install.conftest import Install
from tests.unit.install.mirror import Mirror, kops_program, page, status


def test_latest_is_the_tag_that_the_releases_page_redirects_to(
    mirror: Mirror, do_install: Install
) -> None:
    mirror.publish("1.36.2", kops_program("1.36.2"))
    mirror.redirects["/releases/latest"] = f"{mirror.base}/releases/tag/v1.36.2"

    assert do_install("latest").version == "1.36.2"
    assert "/releases/tag/v1.36.2" not in mirror.paths()


def test_a_moved_repository_is_followed_to_its_tag(mirror: Mirror, http: httpx.Client) -> None:
    mirror.redirects["/old/releases/latest"] = "/new/releases/latest"
    mirror.redirects["/new/releases/latest"] = "/new/releases/tag/v1.36.2?from=latest"

    assert latest(http, f"{mirror.base}/old") == "1.36.2"


@pytest.mark.parametrize("file", ["/releases/latest", "/stable.txt"])
def test_a_static_mirror_says_it_with_a_file(mirror: Mirror, http: httpx.Client, file: str) -> None:
    mirror.files[file] = b"v1.36.2\n"

    assert latest(http, mirror.base) == "1.36.2"


@pytest.mark.parametrize("fault", [page("<html>" + "x" * 200_000), status(404), status(403)])
def test_a_mirror_that_does_not_say_is_told_how(
    mirror: Mirror, http: httpx.Client, fault: object
) -> None:
    mirror.faults["/releases/latest"] = [fault]  # type: ignore[list-item]

    with pytest.raises(ReleaseMissing, match="does not say which kops is the latest") as caught:
        latest(http, mirror.base)

    assert "stable.txt" in (caught.value.hint or "")


def test_redirects_in_a_circle_end(mirror: Mirror, http: httpx.Client) -> None:
    mirror.redirects["/releases/latest"] = "/releases/latest"

    with pytest.raises(ReleaseMissing):
        latest(http, mirror.base)


def test_a_prerelease_is_not_the_latest(mirror: Mirror, http: httpx.Client) -> None:
    mirror.redirects["/releases/latest"] = "/releases/tag/v1.37.0-beta.1"

    with pytest.raises(ReleaseMissing, match=r"pre-release 1\.37\.0-beta\.1") as caught:
        latest(http, mirror.base)

    assert "--version=1.37.0-beta.1" in (caught.value.hint or "")


def test_github_is_asked_for_its_redirect_alone() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(404)

    with httpx.Client(transport=httpx.MockTransport(answer)) as http, pytest.raises(ReleaseMissing):
        latest(http, OFFICIAL)

    assert asked == ["https://github.com/kubernetes/kops/releases/latest"]


def test_latest_is_asked_for_again_when_the_server_is_busy(
    mirror: Mirror, do_install: Install
) -> None:
    mirror.publish("1.36.2", kops_program("1.36.2"))
    mirror.files["/releases/latest"] = b"1.36.2"
    mirror.faults["/releases/latest"] = [status(429), status(500)]

    assert do_install("latest").version == "1.36.2"


def test_a_redirect_away_from_https_is_refused() -> None:
    same_safety("https://a.example/x", "https://b.example/x")
    same_safety("http://a.example/x", "http://b.example/x")

    with pytest.raises(KledError, match=r"redirects to http://b\.example/x,") as caught:
        same_safety("https://a.example/x", "http://b.example/x?sig=geheim")

    assert not caught.value.retryable


def _failing(error: Exception) -> httpx.Client:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error

    return httpx.Client(transport=httpx.MockTransport(answer))


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("[Errno 111] Connection refused"),
        httpx.ConnectTimeout(""),
        httpx.ReadError(""),
        httpx.ProxyError("502 Bad Gateway"),
    ],
)
def test_a_network_that_fails_may_be_tried_again(error: Exception) -> None:
    with _failing(error) as http, pytest.raises(DownloadFailed, match=r"^m\.example") as caught:
        latest(http, "https://m.example/kops")

    assert "HTTPS_PROXY" in (caught.value.hint or "")
    assert "errno" not in caught.value.message


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"),
        httpx.ProxyError("407 Proxy Authentication Required"),
        httpx.TooManyRedirects("exceeded maximum allowed redirects"),
        httpx.InvalidURL("invalid"),
    ],
)
def test_what_fails_the_same_way_again_is_final(error: Exception) -> None:
    with _failing(error) as http, pytest.raises(KledError, match=r"^m\.example") as caught:
        latest(http, "https://m.example/kops")

    assert not caught.value.retryable
    assert "SSL_CERT_FILE" in (caught.value.hint or "")


def test_the_client_goes_through_the_proxy_that_the_environment_names(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", mirror.base)
    mirror.files["http://kops.invalid/releases/latest"] = b"1.36.2"

    with client() as http:
        assert latest(http, "http://kops.invalid") == "1.36.2"
