"""The safety of an S3 bucket, as its own settings say it."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from kled.errors import (
    BucketMissing,
    CapabilityMissing,
    ObjectMissing,
    StoreDenied,
    StoreError,
)
from kled.sentences import word
from kled.storage import lifecycle, lifecycle_rules
from kled.storage.base import Location
from kled.storage.finding import Finding
from kled.storage.s3 import client as s3_client
from kled.storage.s3.errors import translated
from kled.storage.url import bucket_and_prefix

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import (
        PublicAccessBlockConfigurationTypeDef,
        ServerSideEncryptionConfigurationTypeDef,
    )

_BLOCK: Final["PublicAccessBlockConfigurationTypeDef"] = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
_ENCRYPTION: Final["ServerSideEncryptionConfigurationTypeDef"] = {
    "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
}
_BLOCK_WORDS: Final = ",".join(f"{name}=true" for name in _BLOCK)
_ENCRYPTION_WORDS: Final = (
    '\'{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}\''
)
NOT_ENCRYPTED: Final = "the service encrypts no object, which kops asks for in an s3:// store"
_OWN_KEYS: Final = (
    'AWS_ACCESS_KEY_ID="$S3_ACCESS_KEY_ID" AWS_SECRET_ACCESS_KEY="$S3_SECRET_ACCESS_KEY"'
)
_TRIED: Final = ".kled/encryption"
_HOME_REGION: Final = "us-east-1"  # the one region that CreateBucket must not be told


class S3Bucket:
    """One bucket's settings."""

    def __init__(
        self, client: "S3Client", scheme: str, name: str, prefix: str, access: s3_client.S3Access
    ) -> None:
        self._client = client
        self._scheme = scheme
        self._name = name
        self._prefix = prefix
        self._access = access

    def check(self) -> list[Finding]:
        """Ask for each setting; one that may not be asked for is `unknown`."""
        if not self._exists():
            command = f"create-bucket --bucket {self._quoted}{self._constraint_words()}"
            return [Finding(f"there is no bucket {self._name}", "danger", self._aws(command))]
        checks = (
            ("versioning", self._versioning),
            ("public access", self._public_access),
            ("encryption", self._encryption),
            ("lifecycle rules", self._lifecycle),
        )
        return [finding for what, check in checks for finding in self._asked(what, check)]

    def create(self) -> None:
        """Make the bucket unless it is there; then set what `check` would miss."""
        with translated(self._name):
            if not self._exists():
                self._make()
            self._client.put_bucket_versioning(
                Bucket=self._name, VersioningConfiguration={"Status": "Enabled"}
            )
        for mend in (self._block_public, self._encrypt):
            try:
                with translated(self._name):
                    mend()
            except StoreError as error:
                # not every S3-compatible has these, and one that lacks them may call the request
                # malformed; `check` reports what is missing
                if error.retryable:
                    raise

    def _make(self) -> None:
        region = self._region
        if region == _HOME_REGION:
            self._client.create_bucket(Bucket=self._name)
        else:
            where: Any = {"LocationConstraint": region}
            self._client.create_bucket(Bucket=self._name, CreateBucketConfiguration=where)

    def _block_public(self) -> None:
        self._client.put_public_access_block(
            Bucket=self._name, PublicAccessBlockConfiguration=_BLOCK
        )

    def _encrypt(self) -> None:
        if not self._encrypts():
            self._client.put_bucket_encryption(
                Bucket=self._name, ServerSideEncryptionConfiguration=_ENCRYPTION
            )

    def _exists(self) -> bool:
        try:
            with translated(self._name):
                self._client.head_bucket(Bucket=self._name)
        except (BucketMissing, ObjectMissing):
            return False
        return True

    def _asked(self, what: str, check: Callable[[], list[Finding]]) -> list[Finding]:
        try:
            with translated(self._name):
                return check()
        except (StoreDenied, CapabilityMissing) as error:
            return [Finding(f"{what} could not be checked: {error.message}", "unknown")]

    def _versioning(self) -> list[Finding]:
        if self._client.get_bucket_versioning(Bucket=self._name).get("Status") == "Enabled":
            return []
        command = f"put-bucket-versioning --bucket {self._quoted} "
        mend = self._aws(command + "--versioning-configuration Status=Enabled")
        return [Finding("versioning is off: what is deleted is gone", "danger", mend)]

    def _public_access(self) -> list[Finding]:
        answer = self._setting(lambda: self._client.get_public_access_block(Bucket=self._name))
        blocked = answer.get("PublicAccessBlockConfiguration", {})
        if all(blocked.get(name) for name in _BLOCK):
            return []
        command = f"put-public-access-block --bucket {self._quoted} "
        mend = self._aws(command + f"--public-access-block-configuration {_BLOCK_WORDS}")
        return [Finding("public access is not blocked", "danger", mend)]

    def _encryption(self) -> list[Finding]:
        if self._encrypts():
            return []
        refusal = self._request_refusal()
        if refusal:
            return [Finding(f"{NOT_ENCRYPTED}: {refusal}", "danger")]
        command = f"put-bucket-encryption --bucket {self._quoted} "
        mend = self._aws(command + f"--server-side-encryption-configuration {_ENCRYPTION_WORDS}")
        return [Finding("objects are not encrypted by default", "warning", mend)]

    def _encrypts(self) -> bool:
        answer = self._setting(lambda: self._client.get_bucket_encryption(Bucket=self._name))
        return bool(answer.get("ServerSideEncryptionConfiguration", {}).get("Rules"))

    def encryption_refusal(self) -> str | None:
        """Return in the service's words that it encrypts no object on request; None where it does.

        An upload is begun and given up, so that nothing is written. kops asks for AES256 with each
        object of an `s3://` store whose bucket does not encrypt by itself, and of no other store
        (https://github.com/kubernetes/kops/blob/v1.36.2/util/pkg/vfs/s3fs.go).
        """
        return None if self._encrypts() else self._request_refusal()

    def _request_refusal(self) -> str | None:
        if self._scheme != "s3":
            return None
        upload: Any = {"Bucket": self._name, "Key": f"{self._prefix}{_TRIED}"}
        try:
            with translated(self._name):
                begun = self._client.create_multipart_upload(
                    **upload, ServerSideEncryption="AES256"
                )
        except CapabilityMissing as error:
            return error.message.removeprefix(f"{self._name}: ")
        with translated(self._name):
            self._client.abort_multipart_upload(**upload, UploadId=begun["UploadId"])
        return None

    def lifecycle(self) -> lifecycle_rules.Lifecycle:
        """Return what becomes of the bucket's objects by themselves; two requests.

        Raises `StoreDenied` where the rules may not be asked for. Whether versions can be locked
        counts as no where that may not be asked for.
        """
        return lifecycle_rules.Lifecycle(
            lifecycle_rules.of_s3(self._rules()), self._locks(), self._shows_rules()
        )

    def _rules(self) -> Sequence[Mapping[str, Any]]:
        answer = self._setting(
            lambda: self._client.get_bucket_lifecycle_configuration(Bucket=self._name)
        )
        rules: Sequence[Mapping[str, Any]] = answer.get("Rules", ())
        return rules

    def _locks(self) -> bool:
        try:
            answer = self._setting(
                lambda: self._client.get_object_lock_configuration(Bucket=self._name)
            )
        except (StoreDenied, CapabilityMissing):
            return False
        return bool(answer.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled")

    def _shows_rules(self) -> str:
        return self._aws(f"get-bucket-lifecycle-configuration --bucket {self._quoted}")

    def _lifecycle(self) -> list[Finding]:
        look = self._shows_rules()
        return [
            Finding(
                f"lifecycle rule {name} can remove backups/etcd/*/control/, on which etcd lives: "
                "disable it or narrow its prefix",
                "danger",
                look,
            )
            for name in lifecycle.harmful(self._rules(), self._prefix)
        ]

    def _setting(self, ask: Callable[[], Any]) -> Mapping[str, Any]:
        """Return the answer; nothing where the setting was never made."""
        try:
            with translated(self._name):
                answer: Mapping[str, Any] = ask()
        except ObjectMissing:
            return {}
        return answer

    @property
    def _quoted(self) -> str:
        return word(self._name)

    @property
    def _region(self) -> str:
        return self._access.region or self._client.meta.region_name

    def _constraint_words(self) -> str:
        if self._region == _HOME_REGION:
            return ""
        return f" --create-bucket-configuration LocationConstraint={word(self._region)}"

    def _aws(self, command: str) -> str:
        endpoint = self._access.endpoint
        options = f" --endpoint-url {word(endpoint)}" if endpoint else ""
        # the command knows nothing of kops' variables
        keys = f"{_OWN_KEYS} " if self._access.own_keys else ""
        return f"{keys}aws{options} --region {word(self._region)} s3api {command}"


def open_bucket(location: Location, env: Mapping[str, str]) -> S3Bucket:
    """Return the bucket of an S3-like URL; nothing is asked of it yet."""
    name, prefix = bucket_and_prefix(location.url)
    scheme = urlsplit(location.url).scheme
    access = s3_client.choose(scheme, env, endpoint=location.endpoint, region=location.region)
    return S3Bucket(s3_client.connect(access), scheme, name, prefix, access)
