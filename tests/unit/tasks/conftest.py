"""Prefect is imported by the tests of tasks; its environment is prepared first."""

import os

from tasks.environment import prepare

prepare(os.environ)
