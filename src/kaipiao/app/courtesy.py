"""Who issues comes first, on every core: whatever else a cell does steps back."""

import os

BACKGROUND = 10
"""Niceness of work that may wait: archiving, delivering, making documents."""

LOG = 5
"""Of the log process, whose checkpoints are due every second: it keeps a third of a share."""


def step_back(niceness: int) -> None:
    """Let others go first.  Never undone: without rights it could not be."""
    os.nice(niceness)
