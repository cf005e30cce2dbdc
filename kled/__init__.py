"""kled: dependable, recoverable kops clusters run from Prefect."""

__version__ = "0.1.0"
