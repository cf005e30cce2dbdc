"""What clouds say when they refuse: the same words in a failed task and in kops' last error.

AWS speaks through its SDK: `operation error EC2: RunInstances, https response error StatusCode:
400, RequestID: …, api error CODE: words` (capture E09g). The codes beyond that capture are from the
cloud's own reference, which each row names.
"""

from typing import Final

from kled import errors
from kled.kops.row import Row

_EC2 = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html"
_IAM = "https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html"
_S3 = "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
_EXECUTOR = "https://github.com/kubernetes/kops/blob/v1.36.2/upup/pkg/fi/executor.go"
_GCE = "https://cloud.google.com/resource-manager/docs/core_errors"
_AZURE = "https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors"
_HETZNER = "https://docs.hetzner.cloud/reference/cloud"
_DO = "https://docs.digitalocean.com/reference/api/digitalocean/"
_SCALEWAY = "https://pkg.go.dev/github.com/scaleway/scaleway-sdk-go/scw"
_OPENSTACK = "https://docs.openstack.org/api-ref/identity/v3/"
_GO_ERRORS = "https://github.com/golang/go/blob/go1.24.0/src/syscall/zerrors_linux_amd64.go"
_LIMIT = "ask the cloud to raise the limit, or free what is not used"
_RIGHTS = "give the account the permission, or use credentials that have it"

THROTTLED: Final = (
    Row(
        r"((?:RequestLimitExceeded|Throttling\w*|ThrottledException|TooManyRequests\w*|SlowDown"
        r"|PriorRequestNotComplete|RequestThrottled\w*|rateLimitExceeded|RATE_LIMIT_EXCEEDED"
        r"|rate_limit_exceeded|userRateLimitExceeded).*)",
        errors.Throttled,
        "the cloud asks to slow down: {}",
        _EC2,
    ),
)
CREDENTIALS: Final = (
    Row(
        r"api error (AuthFailure|InvalidClientTokenId|UnrecognizedClientException"
        r"|SignatureDoesNotMatch|InvalidAccessKeyId|ExpiredToken\w*|RequestExpired"
        r"|InvalidToken|MissingAuthenticationToken|IncompleteSignature): (.*)",
        errors.CredentialsRefused,
        "AWS does not accept the credentials: {}: {}",
        _IAM,
        "renew the credentials; where they are new, check the machine's clock",
    ),
    Row(
        r"(AADSTS\d+.*|InvalidAuthenticationToken.*|ExpiredAuthenticationToken.*)",
        errors.CredentialsRefused,
        "Azure does not accept the credentials: {}",
        _AZURE,
    ),
    Row(
        r"((?:googleapi: Error 401|invalid_grant|Invalid Credentials).*)",
        errors.CredentialsRefused,
        "Google does not accept the credentials: {}",
        _GCE,
    ),
    Row(
        r"((?:Unable to authenticate you|\(unauthorized[,)]|scaleway-sdk-go: denied authentication"
        r"|but got 401 instead).*)",
        errors.CredentialsRefused,
        "the cloud does not accept the token: {}",
        _HETZNER,
    ),
)
REFUSED: Final = (
    Row(
        r"api error (UnauthorizedOperation|AccessDenied\w*|NotAuthorized\w*|AuthorizationError"
        r"|UnauthorizedAccess|Forbidden): (.*)",
        errors.PermanentCloudError,
        "AWS denies the call: {}: {}",
        _EC2,
        _RIGHTS,
    ),
    Row(
        r"api error (\w*LimitExceeded\w*|\w*QuotaExceeded\w*|LimitExceeded|ServiceQuota\w*"
        r"|TooMany\w+|MaxSpotInstanceCountExceeded): (.*)",
        errors.PermanentCloudError,
        "a limit of the AWS account is reached: {}: {}",
        _EC2,
        _LIMIT,
    ),
    Row(
        r"api error (OptInRequired|PendingVerification|Blocked|InvalidAMIID\.\w+|AccountProblem"
        r"|AccessControlListNotSupported|PermanentRedirect|AuthorizationHeaderMalformed"
        r"|UnsupportedOperation|Unsupported|UnsupportedInstanceType|InvalidInstanceType\w*"
        r"|InvalidAvailabilityZone|VPCIdNotSpecified|InvalidVpcRange|InvalidSubnet\.Range"
        r"|InvalidSubnet\.Conflict|InvalidCidrBlock\w*|DuplicateSubnet\w*"
        r"|InvalidParameterCombination|MalformedPolicyDocument\b(?!.*[Pp]rincipal)"
        r"|InvalidParameterValue\b(?!.*(?:[Ii]nstance ?[Pp]rofile|[Rr]ole))): (.*)",
        errors.PermanentCloudError,
        "AWS refuses the call: {}: {}",
        _EC2,
    ),
    Row(
        r"((?:googleapi: Error 403|PERMISSION_DENIED|accessNotConfigured|quotaExceeded"
        r"|QUOTA_EXCEEDED|limitExceeded).*)",
        errors.PermanentCloudError,
        "Google refuses the call: {}",
        _GCE,
        "a missing permission, an API that is not enabled, or a quota",
    ),
    Row(
        r"((?:AuthorizationFailed|QuotaExceeded|OperationNotAllowed.*[Qq]uota|SkuNotAvailable"
        r"|MissingSubscriptionRegistration|RequestDisallowedByPolicy"
        r"|LinkedAuthorizationFailed|SubscriptionNotFound).*)",
        errors.PermanentCloudError,
        "Azure refuses the call: {}",
        _AZURE,
        "a missing role, a provider that is not registered, a policy, or a quota",
    ),
    Row(
        r"(.*\((?:forbidden|resource_limit_exceeded|invalid_input)[,)].*)",
        errors.PermanentCloudError,
        "Hetzner refuses the call: {}",
        _HETZNER,
    ),
    Row(
        r"(.*(?:You do not have access for the attempted action|will exceed your droplet limit).*)",
        errors.PermanentCloudError,
        "DigitalOcean refuses the call: {}",
        _DO,
    ),
    Row(
        r"scaleway-sdk-go: ((?:insufficient permissions|quota exceeded|invalid argument).*)",
        errors.PermanentCloudError,
        "Scaleway refuses the call: {}",
        _SCALEWAY,
    ),
    Row(
        r"but got 403 instead(.*)",
        errors.PermanentCloudError,
        "OpenStack refuses the call: 403 {}",
        _OPENSTACK,
        "a missing role, or a quota",
    ),
)
SERVER_ERROR: Final = (
    Row(
        r"((?:StatusCode: 5\d\d|googleapi: Error 5\d\d|RESPONSE 5\d\d).*)",
        errors.CloudUnavailable,
        "the cloud answers with a server error: {}",
        _S3,
    ),
    Row(
        r"(deadline exceeded executing task .*)",
        errors.CloudUnavailable,
        "kops gave up on the cloud: {}",
        _EXECUTOR,
    ),
)

DISK: Final = (
    Row(
        r"(?:\w+ )?(/\S+): (no space left on device|disk quota exceeded|read-only file system)",
        errors.DiskUnusable,
        "kops cannot write {}: {}",
        _GO_ERRORS,
        "free space, or mend the disk; then run the same command again: it does what is left",
    ),
)
CAUSES: Final = (*DISK, *CREDENTIALS, *REFUSED)
"""What makes waiting in vain; whoever looks here looks at `THROTTLED` first."""
CLOUD: Final = (*DISK, *THROTTLED, *CREDENTIALS, *REFUSED, *SERVER_ERROR)
