"""Telling people through apprise; URLs hold secrets, so they are only named by where they stand."""

import logging
from pathlib import Path
from typing import Final

from kled.config import Settings
from kled.errors import InvalidInput, NotApproved, SettingsError
from kled.files.given import given_text
from kled.rules import Event, Notifications
from kled.visible import visible
from tasks.running import resources

logger = logging.getLogger("kled.notifications")


_LEVELS: Final[dict[Event, str]] = {
    "failure": "failure",
    "refusal": "warning",
    "approval-needed": "warning",
    "completion": "success",
}
"""How apprise marks a message: pagers and chats sort by it."""


def notify(event: Event, title: str, *lines: str, cured: bool = False) -> None:
    """Tell everybody whom the rules name for `event`, in `lines` without secrets.

    Where it is `cured`, those who hear of the event are told that it is over.

    Raises nothing: that nobody could be told must not end a run that changes a cluster. What went
    wrong is logged with the reference, never with the URL.
    """
    try:
        settings = resources.settings()
        rule = _rule(settings)
    except Exception as error:  # noqa: BLE001 - settings that nobody can read name nobody
        logger.warning("nobody was told: %s", type(error).__name__)
        return
    if event not in rule.on and not (event == "refusal" and "failure" in rule.on):
        return
    redact = resources.redactor(settings).text
    head = visible(redact(title))
    body = "\n".join(visible(redact(resources.complete(line))) for line in lines)
    level = "success" if cured else _LEVELS[event]
    for reference in rule.urls:
        try:
            if not _sent(resolve(settings, reference), head, body, level):
                logger.warning("the notification to %s was not taken", reference)
        except InvalidInput as error:
            logger.warning("nobody was told: %s", error.message)
        except Exception as error:  # noqa: BLE001 - a library that speaks to a hundred services
            logger.warning("the notification to %s failed: %s", reference, type(error).__name__)


def _rule(settings: Settings) -> Notifications:
    """Return whom this run tells; the worker's own rule where its deployment's cannot be read."""
    try:
        return resources.carry_rules(settings.rules).notifications
    except NotApproved as error:
        logger.warning("the worker's own notification rules hold: %s", error.message)
        return settings.rules.notifications


def resolve(settings: Settings, reference: str) -> str:
    """Return the URL that `env:NAME`, `file:PATH` or `block:NAME` stands for.

    Raises `InvalidInput` where there is none.
    """
    kind, _, name = reference.partition(":")
    url: str | None = None
    if kind == "env":
        url = settings.environment.get(name)
    elif kind == "file":
        try:
            url = given_text(Path(name))
        except SettingsError as error:
            raise InvalidInput("notifications.urls", f"{reference} cannot be read") from error
    elif kind == "block":
        url = _block(name)
    if not url or not url.strip():
        raise InvalidInput("notifications.urls", f"{reference} names nothing")
    return url.strip()


def _block(name: str) -> str:
    from prefect.blocks.system import Secret  # noqa: PLC0415 - asks the server

    try:
        return str(Secret.load(name).get())  # type: ignore[union-attr]
    except ValueError as error:
        raise InvalidInput("notifications.urls", f"there is no secret block {name}") from error


def _sent(url: str, title: str, body: str, level: str) -> bool:
    import apprise  # noqa: PLC0415 - only where somebody is told

    for name in ("apprise", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # they quote URLs
    told = apprise.Apprise()
    return bool(told.add(url)) and bool(told.notify(title=title, body=body, notify_type=level))
