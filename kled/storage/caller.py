"""Who a cloud takes this process for: its credentials tried by asking, not by looking at variables.

Each `ask` sends one request, or the few that make a token, and prints no secret: a name, an
account, where the credentials were found. It raises nothing.
"""

from collections.abc import Callable, Mapping
from typing import Final

from kled.storage.known_caller import CloudCaller

AskCloud = Callable[[Mapping[str, str]], CloudCaller]
CLOUDS: Final = ("aws", "gce", "azure", "digitalocean", "hetzner")
"""Those that say who asks; others would have to be asked for something of theirs."""


def ask(cloud: str, env: Mapping[str, str]) -> CloudCaller:
    """Ask one of `CLOUDS`, with the credentials that `env` names or leads to."""
    match cloud:
        case "aws":
            from kled.storage.s3 import caller as caller_aws  # noqa: PLC0415 - brings boto3

            return caller_aws.ask(env)
        case "gce":
            from kled.storage.gcs import (  # noqa: PLC0415 - brings google.auth
                caller as caller_google,
            )

            return caller_google.ask(env)
        case "azure":
            from kled.storage.azure import caller as caller_azure  # noqa: PLC0415 - brings httpx

            return caller_azure.ask(env)
        case _:
            from kled.storage import caller_tokens  # noqa: PLC0415 - brings httpx

            return caller_tokens.ask(cloud, env)
