"""The forms in which an invoice is met: those whose pictures are kept, and two awkward ones."""

from collections.abc import Mapping

import msgspec

from kaipiao.fiscal.draft import Draft
from tests.golden import forms as golden
from tests.strategies import BUYER, lawful_draft, make_line


def exempt() -> Draft:
    """No tax at all: stars in its place."""
    return lawful_draft(lines=(make_line(rate_bp=0, treatment="exempt"),))


def long_names() -> Draft:
    """A buyer whose name has as many characters as the interface allows."""
    return lawful_draft(buyer=msgspec.structs.replace(BUYER, name="虚构" * 150))


GOLDEN: Mapping[str, Draft] = {name: make() for name, make in golden.FORMS.items()}
FORMS: Mapping[str, Draft] = {**GOLDEN, "exempt": exempt(), "long-names": long_names()}
