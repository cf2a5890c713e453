"""A folder of a cluster has a short path, for the database's socket lies below it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """In place of pytest's, whose paths have the test's, the user's and the worker's names."""
    with tempfile.TemporaryDirectory(prefix="kp-") as name:
        yield Path(name)
