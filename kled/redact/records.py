"""Takes secrets out of log records."""

import logging

from kled.redact.redactor import Redactor


class RedactingFilter(logging.Filter):
    """Redacts records where they leave: message, arguments, traceback and stack.

    Put it on handlers, not on loggers: filters of a parent logger do not see a child's records.
    """

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite `record` in place and let it pass; raises nothing."""
        record.msg = self._redactor.text(_message(record))
        record.args = None
        if record.exc_info:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
            record.exc_info = None
        if record.exc_text:
            record.exc_text = self._redactor.text(record.exc_text)
        if record.stack_info:
            record.stack_info = self._redactor.text(record.stack_info)
        return True


def _message(record: logging.LogRecord) -> str:
    """Return the words; those of a record whose arguments do not fit stand beside each other.

    Python would print such a record, arguments and all, past every filter.
    """
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - whatever an argument does when it is shown
        return f"{record.msg} {record.args!r}"
