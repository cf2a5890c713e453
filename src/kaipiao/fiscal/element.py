"""Special-business elements (特定要素): what some trades must add to an invoice."""

import msgspec


class Plain(msgspec.Struct, frozen=True, kw_only=True, tag="99", tag_field="code"):
    """Placeholder until the full set is here."""


Element = Plain
