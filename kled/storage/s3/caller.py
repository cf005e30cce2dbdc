"""Who AWS takes this process for (`sts get-caller-identity`, which needs no permission)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from kled.sentences import word
from kled.storage.known_caller import CloudCaller

if TYPE_CHECKING:
    from boto3 import Session

_HOME_REGION: Final = "us-east-1"
_EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_REFUSED: Final = frozenset(
    {"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"}
)
_UNSIGNED: Final = frozenset({"SignatureDoesNotMatch", "IncompleteSignature"})
_NONE: Final = (
    "aws configure sso, or export AWS_PROFILE=NAME, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
)


def ask(env: Mapping[str, str]) -> CloudCaller:
    """Return the identity that answers."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - slow to import

    profile = env.get("AWS_PROFILE")
    try:
        session = _session(env, profile)
        credentials = session.get_credentials()
        if credentials is None:
            return CloudCaller("missing", "there are no AWS credentials", _NONE)
        answer = _client(session, env).get_caller_identity()
    except ClientError as error:
        return _refusal(error.response, env)
    except BotoCoreError as error:
        return _unasked(error, profile)
    method = "its variables" if credentials.method == "explicit" else str(credentials.method)
    return CloudCaller("ok", f"{answer['Arn']} in account {answer['Account']}, by {method}")


def _unasked(error: Exception, profile: str | None) -> CloudCaller:
    """Say what happened before AWS answered."""
    from botocore import exceptions as raised  # noqa: PLC0415 - slow to import

    message = " ".join(str(error).split())[:200]
    match error:
        case raised.ProfileNotFound():
            hint = "aws configure list-profiles shows those that are; export AWS_PROFILE=NAME"
            return CloudCaller("wrong", f"there is no AWS profile {profile}", hint)
        case raised.NoCredentialsError() | raised.PartialCredentialsError():
            return CloudCaller("missing", f"no whole AWS credentials: {message}", _NONE)
        case raised.SSOError() | raised.TokenRetrievalError():
            return CloudCaller("wrong", f"the AWS login has expired: {message}", _login(profile))
        case raised.CredentialRetrievalError():
            return CloudCaller(
                "wrong", f"AWS credentials cannot be had: {message}", _login(profile)
            )
        case _:
            hint = "check the way to sts.amazonaws.com, and AWS_ENDPOINT_URL"
            return CloudCaller("wrong", f"AWS does not say who asks: {message}", hint)


def _session(env: Mapping[str, str], profile: str | None) -> "Session":
    import boto3  # noqa: PLC0415 - slow to import

    key_id, secret = env.get("AWS_ACCESS_KEY_ID"), env.get("AWS_SECRET_ACCESS_KEY")
    if key_id and secret:
        return boto3.Session(key_id, secret, env.get("AWS_SESSION_TOKEN"))
    return boto3.Session(profile_name=profile)


def _client(session: "Session", env: Mapping[str, str]) -> Any:  # noqa: ANN401 - no stubs of sts
    from botocore.config import Config  # noqa: PLC0415 - slow to import

    region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or session.region_name
    return session.client(
        "sts",
        endpoint_url=env.get("AWS_ENDPOINT_URL_STS") or env.get("AWS_ENDPOINT_URL"),
        region_name=region or _HOME_REGION,
        verify=env.get("AWS_CA_BUNDLE"),
        config=Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 1}),
    )


def _refusal(response: Any, env: Mapping[str, str]) -> CloudCaller:  # noqa: ANN401 - botocore has none
    code = str(response.get("Error", {}).get("Code", "")) or "no code"
    profile = env.get("AWS_PROFILE")
    by_variables = "AWS_ACCESS_KEY_ID" in env
    if code in _EXPIRED:
        mend = (
            "export AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN anew, or unset"
            " them for AWS_PROFILE"
        )
        return CloudCaller(
            "wrong",
            f"the AWS credentials have expired ({code})",
            mend if by_variables else _login(profile),
        )
    if code in _REFUSED:
        return CloudCaller("wrong", f"AWS does not know the access key ({code})", _NONE)
    if code in _UNSIGNED:
        hint = "the secret is of another key, or the clock is off: timedatectl set-ntp true"
        return CloudCaller("wrong", f"AWS refuses the signature ({code})", hint)
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if env.get("AWS_ENDPOINT_URL") or env.get("AWS_ENDPOINT_URL_STS"):
        return CloudCaller(
            "not tried", f"what answers at AWS_ENDPOINT_URL is no STS ({code}, {status})"
        )
    return CloudCaller("wrong", f"AWS does not say who asks ({code}, {status})", _login(profile))


def _login(profile: str | None) -> str:
    named = f" --profile={word(profile)}" if profile else ""
    return f"aws sso login{named}, or renew what AWS_PROFILE or the variables name"
