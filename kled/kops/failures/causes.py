"""Why kops waits: what clouds say when they refuse, and what kops itself cannot do.

The same words stand in a failed task and in kops' last error. Codes that no capture shows are from
the reference that their row names.
"""

from typing import Final

from kled import errors
from kled.kops.failures import aws, clouds
from kled.kops.failures.failure_row import FailureRow

_S3 = "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
_EXECUTOR = "https://github.com/kubernetes/kops/blob/v1.36.2/upup/pkg/fi/executor.go"
_KOPS_ERRORS = "https://github.com/kubernetes/kops/blob/v1.36.2/upup/pkg/fi/errors.go"
_GO_ERRORS = "https://github.com/golang/go/blob/go1.24.0/src/syscall/zerrors_linux_amd64.go"

THROTTLED: Final = (
    FailureRow(
        r"((?:RequestLimitExceeded|Throttling\w*|ThrottledException|TooManyRequests\w*|SlowDown"
        r"|PriorRequestNotComplete|RequestThrottled\w*|rateLimitExceeded|RATE_LIMIT_EXCEEDED"
        r"|rate_limit_exceeded|userRateLimitExceeded|RESPONSE 429|StatusCode: 429).*)",
        errors.Throttled,
        "the cloud asks to slow down: {}",
        aws.EC2,
    ),
)
BY_KOPS: Final = (
    FailureRow(
        r"(Field cannot be changed: \S+|Field is required: \S+|Invalid change: .*"
        r"|\S+ changes on .* not yet implemented|\S+ for shared VPC was not found)",
        errors.DefinitionRejected,
        "kops cannot make the change: {}",
        _KOPS_ERRORS,
        "put the field back; what cannot be changed needs a new resource, or a new cluster",
    ),
)
SERVER_ERROR: Final = (
    FailureRow(
        r"((?:StatusCode: 5(?!01)\d\d|googleapi: Error 5(?!01)\d\d|RESPONSE 5(?!01)\d\d).*)",
        errors.CloudUnavailable,
        "the cloud answers with a server error: {}",
        _S3,
    ),
    FailureRow(
        r"(deadline exceeded executing task .*)",
        errors.CloudUnavailable,
        "kops gave up on the cloud: {}",
        _EXECUTOR,
    ),
)
DISK: Final = (
    FailureRow(
        r"(?:\w+ )?(/\S+): (no space left on device|disk quota exceeded|read-only file system)",
        errors.DiskUnusable,
        "kops cannot write {}: {}",
        _GO_ERRORS,
        "free space, or mend the disk; then run the same command again: it does what is left",
    ),
)
CREDENTIALS: Final = (*aws.CREDENTIALS, *clouds.CREDENTIALS)
REFUSED: Final = (*aws.REFUSED, *clouds.REFUSED)
CAUSES: Final = (*DISK, *CREDENTIALS, *REFUSED, *BY_KOPS)
"""What makes waiting in vain; whoever looks here looks at `THROTTLED` first."""
CLOUD: Final = (*DISK, *THROTTLED, *CREDENTIALS, *REFUSED, *BY_KOPS, *SERVER_ERROR)
