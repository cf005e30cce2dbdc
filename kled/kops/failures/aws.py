"""What AWS says when it refuses, in the frame of its SDK.

`operation error EC2: RunInstances, https response error StatusCode: 400, RequestID: ..., api error
CODE: words` (capture E09g). Left out are the codes that a moment may cure: what was made just now
is not known everywhere at once (`Invalid*.NotFound`, an instance profile or a principal that is
new), capacity, and dependencies that are on their way out.
"""

from typing import Final

from kled import errors
from kled.kops.failures.failure_row import FailureRow

EC2: Final = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html"
_S3 = "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
_IAM = "https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html"
_ELB = "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/CommonErrors.html"
_ROUTE_53 = "https://docs.aws.amazon.com/Route53/latest/APIReference/API_Operations.html"
_GROUPS = "https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-launch-template.html"
_LIMIT = "ask the cloud to raise the limit, or free what is not used"
_RIGHTS = "give the account the permission, or use credentials that have it"
_FIELDS = "kled kops get-clusters --output=yaml shows the definition; mend it, and update again"

CREDENTIALS: Final = (
    FailureRow(
        r"api error (AuthFailure|InvalidClientTokenId|UnrecognizedClientException"
        r"|SignatureDoesNotMatch|InvalidAccessKeyId|ExpiredToken\w*|RequestExpired"
        r"|InvalidToken|MissingAuthenticationToken|IncompleteSignature): (.*)",
        errors.CredentialsRefused,
        "AWS does not accept the credentials: {}: {}",
        _IAM,
        "renew the credentials; where they are new, check the machine's clock",
    ),
)
REFUSED: Final = (
    FailureRow(
        r"api error (UnauthorizedOperation|AccessDenied\w*|NotAuthorized\w*|AuthorizationError"
        r"|UnauthorizedAccess|Forbidden): (.*)",
        errors.PermanentCloudError,
        "AWS denies the call: {}: {}",
        EC2,
        _RIGHTS,
    ),
    FailureRow(
        r"api error (\w*LimitExceeded\w*|\w*QuotaExceeded\w*|LimitExceeded|LimitsExceeded"
        r"|ServiceQuota\w*|TooMany\w+|MaxSpotInstanceCountExceeded): (.*)",
        errors.PermanentCloudError,
        "a limit of the AWS account is reached: {}: {}",
        EC2,
        _LIMIT,
    ),
    FailureRow(
        r"api error (InvalidAMIID\.\w+): (.*)",
        errors.PermanentCloudError,
        "AWS has no such image: {}: {}",
        EC2,
        "name another image: kled kops edit-instance-group --instance-group=GROUP"
        " --set=spec.image=IMAGE",
    ),
    FailureRow(
        r"api error ValidationError: You must use a valid fully-formed launch template\."
        r" ((?:The image id|Invalid id|Invalid value|The architecture|The key pair|The requested"
        r"|You are not authorized|Encrypted|You have requested more).*"
        r"|.*(?:instance type|InstanceType|not supported).*)",
        errors.PermanentCloudError,
        "AWS can launch no machine so: {}",
        _GROUPS,
        _FIELDS,
    ),
    FailureRow(
        r"api error (InvalidDomainName|NoSuchHostedZone|HostedZoneNotFound|InvalidVPCId"
        r"|PublicZoneVPCAssociation|ConflictingDomainExists|InvalidChangeBatch): (.*)",
        errors.PermanentCloudError,
        "Route 53 refuses the call: {}: {}",
        _ROUTE_53,
    ),
    FailureRow(
        r"api error (CertificateNotFound|SSLPolicyNotFound|UnsupportedProtocol"
        r"|OperationNotPermitted|InvalidConfigurationRequest|InvalidLoadBalancerAction"
        r"|InvalidScheme|AvailabilityZoneNotSupported): (.*)",
        errors.PermanentCloudError,
        "AWS refuses the load balancer: {}: {}",
        _ELB,
        _FIELDS,
    ),
    FailureRow(
        r"api error (NotImplemented): (.*)",
        errors.PermanentCloudError,
        "the store lacks what kops asks of it: {}: {}",
        _S3,
        "kops asks an s3:// store to encrypt each object: give the service a key for that"
        " (MinIO: MINIO_KMS_SECRET_KEY); kled kops configure-state-store checks it",
    ),
    FailureRow(
        r"api error (OptInRequired|PendingVerification|Blocked|AccountProblem"
        r"|AccessControlListNotSupported|PermanentRedirect|AuthorizationHeaderMalformed"
        r"|UnsupportedOperation|Unsupported|UnsupportedInstanceType|InvalidInstanceType\w*"
        r"|InvalidAvailabilityZone|VPCIdNotSpecified|InvalidVpcRange|InvalidSubnet\.Range"
        r"|InvalidSubnet\.Conflict|InvalidCidrBlock\w*|DuplicateSubnet\w*|CidrConflict"
        r"|InvalidParameterCombination|InvalidParameter|MissingParameter|UnknownParameter"
        r"|InvalidBlockDeviceMapping|UnknownVolumeType\w*|VolumeTypeNotAvailableInZone"
        r"|InvalidKey\.Format|InvalidKeyPair\.Format|InvalidUserData\.Malformed"
        r"|InvalidPermission\.Malformed|UnsupportedTenancy|InvalidTenancy|AllAccessDisabled"
        r"|MalformedPolicyDocument\b(?!.*[Pp]rincipal)"
        r"|InvalidParameterValue\b(?!.*(?:[Ii]nstance ?[Pp]rofile|[Rr]ole))): (.*)",
        errors.PermanentCloudError,
        "AWS refuses the call: {}: {}",
        EC2,
        _FIELDS,
    ),
)
