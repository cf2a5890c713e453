"""Telling a want of memory from a defect."""

from errno import ENOMEM

_NO_THREAD = "can't start new thread"
"""All that CPython says when there is no memory for another stack (``_threadmodule.c``)."""


def is_shortage(error: BaseException | None) -> bool:
    """Whether a want of memory is behind ``error``, however it was dressed on its way."""
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        if isinstance(error, OSError) and error.errno == ENOMEM:
            return True
        if isinstance(error, RuntimeError) and _NO_THREAD in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
