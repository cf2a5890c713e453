"""How a cluster stands, told: the sentence that matters, a line a member, and what to do."""

from typing import TYPE_CHECKING

from kaipiao.cli.language import t
from kaipiao.cli.terminal import say, say_json, say_table

if TYPE_CHECKING:
    from kaipiao.continuity.cluster.view import ClusterView
    from kaipiao.continuity.cluster.words import Sentence


def tell(view: "ClusterView", *, as_json: bool) -> None:
    if as_json:
        say_json(_as_json(view))
        return
    from kaipiao.continuity.cluster import store_words, words

    say(_here(words.summary(view)))
    head = (
        t("成员", "MEMBER"),
        t("角色", "ROLE"),
        t("状态", "STATE"),
        t("落后", "BEHIND"),
        t("时间线", "TIMELINE"),
        t("地址", "ADDRESS"),
    )
    rows = [
        (
            member.name + (f" ({member.site})" if member.site else ""),
            _here(words.ROLES[member.role]),
            _here(words.state_of(member)),
            words.render_bytes(member.lag_bytes),
            "-" if member.timeline is None else str(member.timeline),
            member.address,
        )
        for member in view.members
    ]
    say_table([head, *rows], right=(3, 4))
    say(_here(words.last_switch(view)))
    if view.store is not None:
        say(_here(store_words.store_summary(view.store)))
    for trouble in [*words.troubles(view), *_store_troubles(view)]:
        say(f"! {_here(trouble)}")


def _as_json(view: "ClusterView") -> dict[str, object]:
    """The view, what follows from it, and the same sentences in both languages."""
    import msgspec

    from kaipiao.continuity.cluster import words

    found: dict[str, object] = msgspec.to_builtins(view)
    told = [words.summary(view), words.last_switch(view), *words.troubles(view)]
    told += _store_troubles(view)
    return found | {
        "is_writable": view.is_writable,
        "words": [{"zh": one.zh, "en": one.en} for one in told],
    }


def _store_troubles(view: "ClusterView") -> "list[Sentence]":
    from kaipiao.continuity.cluster.store_words import store_troubles

    return store_troubles(view.store) if view.store is not None else []


def _here(sentence: "Sentence") -> str:
    return t(sentence.zh, sentence.en)
