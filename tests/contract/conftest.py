"""Each test here runs once per implementation.

A promise that only one of them keeps is not a promise of the port: it belongs to that
implementation's own tests.
"""

import pytest

from tests.stores import MadeOf


@pytest.fixture(params=["memory", "group commit in memory", "postgres"])
def made_of(request: pytest.FixtureRequest) -> MadeOf:
    chosen: MadeOf = request.param
    return chosen
