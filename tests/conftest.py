"""Fixtures that more than one kind of test shares."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.boxes import Box, make_box


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A fresh sandbox."""
    return make_box(tmp_path / "box")


@pytest.fixture
def box_with(tmp_path: Path) -> Callable[[str], Box]:
    """Make a fresh sandbox whose kops runs some shell after each call."""
    return lambda after_call: make_box(tmp_path / "box", after_call=after_call)
