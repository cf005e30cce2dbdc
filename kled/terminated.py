"""What a signal that ends the process is within it."""


class Terminated(BaseException):
    """SIGTERM or SIGHUP arrived; leaves through every `finally`, so that children are stopped."""
