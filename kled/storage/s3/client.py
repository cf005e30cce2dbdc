"""The boto3 client for a store: endpoint, region and credentials as kops chooses them.

kops reads S3_ENDPOINT, and with it S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY and S3_REGION; without it
the AWS chain, AWS_ENDPOINT_URL included (facts of kops 1.36.2). What is not in the variables that
are given (shared configuration, roles of instances and pods) boto3 finds by itself.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kled.errors import InvalidInput, StoreDenied
from kled.storage import obstore_calls, obstore_loading
from kled.storage.parts import SMALL
from kled.storage.s3 import errors, listing
from kled.storage.s3.requests import ListRequests
from kled.storage.timeouts import CONNECTIONS, DEFAULT, Timeouts
from kled.store_urls import require_endpoint, with_scheme

if TYPE_CHECKING:
    from botocore.loaders import Loader
    from botocore.session import Session
    from mypy_boto3_s3 import S3Client
    from obstore.store import S3Credential, S3Store

    from kled.storage.s3.page import Page

_DESCRIPTION: Final = ("s3", "service-2")
_DESCRIBING: Final = threading.Lock()
"""Guards `_models`, which all stores of a process share: they are read-only once they are read."""
_HOME_REGION: Final = "us-east-1"
_ASK_AGAIN: Final = timedelta(minutes=5)
"""How often boto3 is asked whether its credentials are still good."""
_NO_CREDENTIALS: Final = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"


@dataclass(frozen=True, slots=True)
class S3Access:
    """How to reach S3; the keys stay out of `repr`."""

    endpoint: str | None
    region: str | None
    key_id: str | None = field(repr=False)
    secret: str | None = field(repr=False)
    session_token: str | None = field(repr=False)
    profile: str | None
    certificates: str | None = None
    """A file of authorities to trust besides the system's (AWS_CA_BUNDLE)."""
    own_keys: bool = False
    """Whether the keys are those of kops' own variables, which only kops and kled read."""


def choose(
    scheme: str, env: Mapping[str, str], *, endpoint: str | None, region: str | None
) -> S3Access:
    """Decide from variables, then from `endpoint` and `region` (a profile's or a location's).

    Raises `InvalidInput` for a scheme that needs S3_ENDPOINT without one, and for S3_ENDPOINT
    without its keys.
    """
    custom, bundle = env.get("S3_ENDPOINT") or None, env.get("AWS_CA_BUNDLE")
    require_endpoint(f"{scheme}://", custom or endpoint)
    region = (
        env.get("S3_REGION") or region or env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION")
    )
    if custom:
        url, keys = with_scheme(custom), _custom_keys(env)
        return S3Access(url, region or _HOME_REGION, *keys, None, None, bundle, own_keys=True)
    address = env.get("AWS_ENDPOINT_URL_S3") or env.get("AWS_ENDPOINT_URL") or endpoint
    key_id, secret = env.get("AWS_ACCESS_KEY_ID"), env.get("AWS_SECRET_ACCESS_KEY")
    if not (key_id and secret):
        return S3Access(address, region, None, None, None, env.get("AWS_PROFILE"), bundle)
    return S3Access(address, region, key_id, secret, env.get("AWS_SESSION_TOKEN"), None, bundle)


class S3Clients:
    """The clients of one bucket, made when they are first needed; safe for threads.

    Each tries a request once, with short time-outs. Where the keys are known no client of boto3 is
    made for listing, reading, writing and deleting objects.
    """

    def __init__(self, access: S3Access, bucket: str, timeouts: Timeouts = DEFAULT) -> None:
        self._access, self._bucket, self._timeouts = access, bucket, timeouts
        self._session = None if access.key_id else _session(access)
        self._region = access.region or self._configured_region()
        self._lock = threading.Lock()
        self._made: dict[str, Any] = {}

    @property
    def endpoint(self) -> str:
        """The URL that requests go to."""
        return self._access.endpoint or _aws_endpoint(self._region)

    def client(self) -> "S3Client":
        """Return boto3's."""
        client: S3Client = self._once("boto3", self._connect)
        return client

    def data(self, size: int) -> "S3Store":
        """Return obstore's, for requests with a body of `size` bytes."""
        large = size > SMALL
        name = f"obstore {self._region} {large}"
        store: S3Store = self._once(name, lambda: self._open(large=large))
        return store

    def page(self, parameters: Mapping[str, str]) -> "Page":
        """Return the answer to ListObjectsV2, from the region that the bucket is in.

        Raises as `ListRequests.page` does.
        """
        from botocore.exceptions import ClientError  # noqa: PLC0415 - slow to import

        requests: ListRequests = self._once("listing", self._list)
        asked = self._region
        try:
            return requests.page(parameters)
        except ClientError as error:
            if not errors.is_elsewhere(error.response):
                raise
            self.find_region()
            if self._region == asked:
                raise
        return requests.page(parameters)

    def find_region(self) -> None:
        """Ask where the bucket is, and use that region from now on; raises what boto3 raises."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - slow to import

        try:
            answer: Any = self.client().head_bucket(Bucket=self._bucket)
        except ClientError as error:
            answer = error.response
        told = answer["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region")
        self._region = told or self._region

    def _once(self, name: str, make: Callable[[], Any]) -> Any:  # noqa: ANN401 - one of several
        with self._lock:
            if name not in self._made:
                self._made[name] = make()
            return self._made[name]

    def _connect(self) -> "S3Client":
        client = connect(replace(self._access, region=self._region), self._session, self._timeouts)
        listing.take_over(client, self._bucket)
        return client

    def _list(self) -> ListRequests:
        return ListRequests(
            self._bucket,
            lambda: (self.endpoint, self._region),
            self._credentials(),
            certificates=self._certificates(),
            timeouts=self._timeouts,
        )

    def _certificates(self) -> str | None:
        if self._access.certificates or self._session is None:
            return self._access.certificates
        bundle: str | None = self._session.get_config_variable("ca_bundle")
        return bundle

    def _open(self, *, large: bool) -> "S3Store":
        obstore_loading.load()
        from obstore.store import S3Store  # noqa: PLC0415 - only where a store is used

        endpoint = self.endpoint
        options = obstore_calls.client_options(endpoint, self._timeouts, large=large)
        if self._access.certificates:
            options["root_certificate"] = Path(self._access.certificates).read_bytes()
        # each setting is given: obstore would find it in this process's own environment
        return S3Store(
            self._bucket,
            endpoint=endpoint,
            region=self._region,
            credential_provider=self._credentials(),
            virtual_hosted_style_request=False,
            conditional_put="etag",
            disable_bulk_delete=True,
            skip_signature=False,
            unsigned_payload=False,
            client_options=options,
            retry_config=obstore_calls.no_retries(),
        )

    def _credentials(self) -> "Callable[[], S3Credential]":
        if self._session is None:
            access = self._access
            given = _credential(access.key_id or "", access.secret or "", access.session_token)
            return lambda: given
        credentials = self._session.get_credentials()
        if credentials is None:
            raise StoreDenied("there are no AWS credentials", hint=_NO_CREDENTIALS)

        def current() -> "S3Credential":
            now = credentials.get_frozen_credentials()  # refreshes what is about to end
            until = datetime.now(UTC) + _ASK_AGAIN
            return _credential(now.access_key or "", now.secret_key or "", now.token, until)

        return current

    def _configured_region(self) -> str:
        return (_region(self._session) if self._session else None) or _HOME_REGION


def connect(
    access: S3Access, session: "Session | None" = None, timeouts: Timeouts = DEFAULT
) -> "S3Client":
    """Return a client that tries each request once, with short time-outs, and asks nobody yet.

    Checksums beyond what a call requires are left out: not every S3-compatible knows them; bodies
    are signed instead. Raises `StoreDenied` where the named AWS profile does not exist.
    """
    from botocore.config import Config  # noqa: PLC0415 - slow to import

    session = session or _session(access)
    with _DESCRIBING:  # of two stores that are opened at once the second waits for the first's
        session.get_component("data_loader").load_service_model(*_DESCRIPTION, api_version=None)
    client: Any = session.create_client(
        "s3",
        endpoint_url=access.endpoint,
        region_name=access.region or _region(session) or _HOME_REGION,
        aws_access_key_id=access.key_id,
        aws_secret_access_key=access.secret,
        aws_session_token=access.session_token,
        verify=access.certificates,
        config=Config(
            connect_timeout=timeouts.connect.total_seconds(),
            read_timeout=timeouts.silence.total_seconds(),
            retries={"total_max_attempts": 1},
            max_pool_connections=CONNECTIONS,
            s3={
                "addressing_style": "path" if access.endpoint else "auto",
                "payload_signing_enabled": True,
            },
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    s3: S3Client = client  # botocore's types know no service
    return s3


def _session(access: S3Access) -> "Session":
    """Return botocore's session: what boto3's adds to it kled does not use."""
    from botocore.exceptions import ProfileNotFound  # noqa: PLC0415 - slow to import
    from botocore.session import Session  # noqa: PLC0415

    try:
        session = Session(profile=access.profile)
        session.get_scoped_config()
        data_path: str | None = session.get_config_variable("data_path")
    except ProfileNotFound as error:
        named = access.profile or "that AWS_PROFILE names"
        raise StoreDenied(f"there is no AWS profile {named}") from error
    session.register_component("data_loader", _models(data_path))
    return session


@lru_cache(maxsize=8)
def _models(data_path: str | None) -> "Loader":
    """Return what reads the descriptions of services, and keeps them.

    Those of S3 take 0.05 s of processor time to read, and a run has two stores at least.
    """
    from botocore.loaders import create_loader  # noqa: PLC0415 - slow to import

    return create_loader(data_path)


def _region(session: "Session") -> str | None:
    region: str | None = session.get_config_variable("region")
    return region


def _credential(
    key_id: str, secret: str, token: str | None, until: datetime | None = None
) -> "S3Credential":
    return {
        "access_key_id": key_id,
        "secret_access_key": secret,
        "token": token,
        "expires_at": until,
    }


def _aws_endpoint(region: str) -> str:
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://s3.{region}.{domain}"


def _custom_keys(env: Mapping[str, str]) -> tuple[str, str]:
    for name in ("S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"):
        if not env.get(name):
            raise InvalidInput(name, "must be set where S3_ENDPOINT is")
    return env["S3_ACCESS_KEY_ID"], env["S3_SECRET_ACCESS_KEY"]
