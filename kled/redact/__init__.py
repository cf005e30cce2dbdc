"""Secrets out of output, logs and exceptions: three nets.

The values of variables that hold secrets by their names (`values`), in every form in which they
come back; the shapes of secrets (`shapes`, one table); and, in plain data, what stands under a key
that says secret. The readers of child output are the first place that applies them;
`RedactingFilter` the last, for log records and the tracebacks in them; what Python would print past
every handler becomes a record by `log_strays`.
"""

from kled.redact.records import RedactingFilter
from kled.redact.redactor import Redactor
from kled.redact.secret_shapes import MASK
from kled.redact.stray_output import log_strays
from kled.redact.values import secret_values

__all__ = ["MASK", "RedactingFilter", "Redactor", "log_strays", "secret_values"]
