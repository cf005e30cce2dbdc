"""The root of the tree, and what is found wrong before anything is called."""

from typing import ClassVar, Self


class KledError(Exception):
    """Base of every error kled raises on purpose.

    `retryable` says whether the same call may succeed later with nothing changed by a human;
    retry policies look at it and at nothing else. `exit_code` is what the command line ends with
    (design D14). The message is lower case without a full stop; advice goes into `hint`.
    """

    retryable: ClassVar[bool] = False
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    @property
    def message(self) -> str:
        """The words of the error, without the hint."""
        return str(self.args[0])

    def with_message(self, message: str) -> Self:
        """Return the error with another message; its class, hint and traceback stay."""
        self.args = (message, *self.args[1:])
        return self

    def with_hint(self, hint: str | None) -> Self:
        """Return the error with another hint; its class, message and traceback stay."""
        self.hint = hint
        return self

    def advise(self, advice: str) -> None:
        """Add `advice` to the hint, once: whoever knows more about the way out says it, too."""
        if advice not in (self.hint or ""):
            self.hint = f"{self.hint}; {advice}" if self.hint else advice


class SettingsError(KledError):
    """A setting, variable or option is wrong; nothing was called yet."""

    exit_code = 2


class InvalidInput(SettingsError):
    """A value that somebody typed or wrote cannot be used; `field` names where it stands."""

    def __init__(self, field: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(f"{field}: {message}", hint=hint)
        self.field = field


class OtherRecipients(InvalidInput):
    """A snapshot is encrypted, and not to the identity that is named."""


class TextUnreadable(KledError):
    """A YAML text cannot be read; `line`, from 1, says where, and `problem` what is wrong."""

    def __init__(self, problem: str, *, line: int | None = None, hint: str | None = None) -> None:
        super().__init__(f"line {line}: {problem}" if line else problem, hint=hint)
        self.problem, self.line = problem, line


class DefinitionUndecided(SettingsError):
    """Fields of a rewritten definition still name the place that the cluster comes from."""


class RoomTaken(KledError):
    """A foreign `flows`, `tasks` or `deployments` shadows kled's own."""

    exit_code = 2
