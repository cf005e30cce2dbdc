"""What the other clouds say when they refuse, each in the words of its own API.

Azure's SDK writes its error on several lines: the request, then `RESPONSE 403: ...`, then
`ERROR CODE: ...`; `kled.kops.failures.vain_waits` joins them.
"""

from typing import Final

from kled import errors
from kled.kops.failures.failure_row import FailureRow

_GCE = "https://cloud.google.com/resource-manager/docs/core_errors"
_AZURE = "https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors"
_HETZNER = "https://docs.hetzner.cloud/reference/cloud"
_DO = "https://docs.digitalocean.com/reference/api/digitalocean/"
_SCALEWAY = "https://pkg.go.dev/github.com/scaleway/scaleway-sdk-go/scw"
_OPENSTACK = "https://docs.openstack.org/api-ref/identity/v3/"

CREDENTIALS: Final = (
    FailureRow(
        r"(AADSTS\d+.*|InvalidAuthenticationToken.*|ExpiredAuthenticationToken.*)",
        errors.CredentialsRefused,
        "Azure does not accept the credentials: {}",
        _AZURE,
    ),
    FailureRow(
        r"((?:googleapi: Error 401|invalid_grant|Invalid Credentials).*)",
        errors.CredentialsRefused,
        "Google does not accept the credentials: {}",
        _GCE,
    ),
    FailureRow(
        r"((?:Unable to authenticate you|\(unauthorized[,)]|scaleway-sdk-go: denied authentication"
        r"|but got 401 instead).*)",
        errors.CredentialsRefused,
        "the cloud does not accept the token: {}",
        _HETZNER,
    ),
)
REFUSED: Final = (
    FailureRow(
        r"((?:googleapi: Error 403|PERMISSION_DENIED|accessNotConfigured|quotaExceeded"
        r"|QUOTA_EXCEEDED|limitExceeded).*)",
        errors.PermanentCloudError,
        "Google refuses the call: {}",
        _GCE,
        "a missing permission, an API that is not enabled, or a quota",
    ),
    FailureRow(
        r"(googleapi: Error 400: (?!.*cannot be found).*, (?:invalid|invalidParameter|badRequest"
        r"|required)\b.*|googleapi: Error 404: The resource 'projects/[^']*/(?:images|machineTypes"
        r"|diskTypes|zones|regions)/[^']*' was not found.*)",
        errors.PermanentCloudError,
        "Google refuses the call: {}",
        _GCE,
        "mend the definition, and update again",
    ),
    FailureRow(
        r"((?:AuthorizationFailed|QuotaExceeded|ResourceQuotaExceeded|PublicIPCountLimitReached"
        r"|OperationNotAllowed.*[Qq]uota|SkuNotAvailable|MissingSubscriptionRegistration"
        r"|NoRegisteredProviderFound|SubscriptionNotRegistered|RequestDisallowedByPolicy"
        r"|RequestDisallowedByAzure|ReadOnlyDisabledSubscription|ScopeLocked"
        r"|LinkedAuthorizationFailed|SubscriptionNotFound|InvalidSubscriptionId).*)",
        errors.PermanentCloudError,
        "Azure refuses the call: {}",
        _AZURE,
        "a missing role, a provider that is not registered, a policy, or a quota",
    ),
    FailureRow(
        r"((?:ImageNotFound|PlatformImageNotFound|InvalidParameter|InvalidRequestContent"
        r"|InvalidRequestFormat|InvalidResourceLocation|LocationNotAvailableForResourceType"
        r"|ReservedResourceName|StorageAccountAlreadyTaken|NetcfgInvalidSubnet)\b.*)",
        errors.PermanentCloudError,
        "Azure refuses the call: {}",
        _AZURE,
        "mend the definition, and update again",
    ),
    FailureRow(
        r"(.*\((?:forbidden|token_readonly|resource_limit_exceeded|invalid_input|unsupported_error"
        r"|invalid_load_balancer_type|protected)[,)].*)",
        errors.PermanentCloudError,
        "Hetzner refuses the call: {}",
        _HETZNER,
    ),
    FailureRow(
        r"(.*(?:You do not have access for the attempted action|will exceed your droplet limit"
        r"|You specified an invalid).*)",
        errors.PermanentCloudError,
        "DigitalOcean refuses the call: {}",
        _DO,
    ),
    FailureRow(
        r"scaleway-sdk-go: ((?:insufficient permissions|quota exceeded|invalid argument).*)",
        errors.PermanentCloudError,
        "Scaleway refuses the call: {}",
        _SCALEWAY,
    ),
    FailureRow(
        r"but got (403|413) instead(.*)",
        errors.PermanentCloudError,
        "OpenStack refuses the call: {} {}",
        _OPENSTACK,
        "a missing role, or a quota",
    ),
    FailureRow(
        r"but got (4\d\d) instead(.*(?:OverQuota|[Qq]uota exceeded|Invalid imageRef"
        r"|Can not find requested image|Invalid key_name|Flavor's disk is too small).*)",
        errors.PermanentCloudError,
        "OpenStack refuses the call: {} {}",
        _OPENSTACK,
        "a quota, or an image, key or flavor of the definition",
    ),
)
