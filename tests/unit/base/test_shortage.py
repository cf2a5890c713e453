"""A want of memory is known in every dress, and nothing else is taken for one."""

import errno

import pytest

from kaipiao.base.shortage import is_shortage


@pytest.mark.parametrize(
    "bare",
    [MemoryError(), OSError(errno.ENOMEM, "no"), RuntimeError("can't start new thread")],
    ids=repr,
)
def test_it_is_known_bare_and_dressed(bare: Exception) -> None:
    caused, during = ValueError("on purpose"), ValueError("on the way")
    caused.__cause__ = bare
    during.__context__ = caused

    assert is_shortage(bare)
    assert is_shortage(caused)
    assert is_shortage(during)


@pytest.mark.parametrize(
    "other", [None, OSError(errno.ENOSPC, "no"), RuntimeError("no"), ValueError()], ids=repr
)
def test_nothing_else_is(other: Exception | None) -> None:
    assert not is_shortage(other)
