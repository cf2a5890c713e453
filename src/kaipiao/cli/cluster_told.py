"""How a cluster stands, told: the sentence that matters, a line a member, and what to do."""

from typing import TYPE_CHECKING

from kaipiao.cli.language import t
from kaipiao.cli.terminal import say, say_json, say_table

if TYPE_CHECKING:
    from kaipiao.continuity.cluster.roots import Logs
    from kaipiao.continuity.cluster.view import ClusterView
    from kaipiao.continuity.cluster.words import Sentence


def tell(view: "ClusterView", logs: "Logs | None" = None, *, as_json: bool) -> None:
    if as_json:
        say_json(_as_json(view, logs))
        return
    from kaipiao.continuity.cluster import words

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
    for sentence in _facts(view, logs):
        say(_here(sentence))
    for trouble in _troubles(view, logs):
        say(f"! {_here(trouble)}")


def _as_json(view: "ClusterView", logs: "Logs | None") -> dict[str, object]:
    """The view, what follows from it, and the same sentences in both languages."""
    import msgspec

    from kaipiao.continuity.cluster import words
    from kaipiao.continuity.cluster.stuck import is_well

    found: dict[str, object] = msgspec.to_builtins(view)
    told = [words.summary(view), *_facts(view, logs), *_troubles(view, logs)]
    return found | {
        "is_writable": view.is_writable,
        "spares": words.spares(view),
        "not_well": [one.name for one in view.members if not is_well(view, one.name)],
        "logs": msgspec.to_builtins(logs),
        "words": [{"zh": one.zh, "en": one.en} for one in told],
    }


def _facts(view: "ClusterView", logs: "Logs | None") -> "list[Sentence]":
    from kaipiao.continuity.cluster import root_words, store_words, words

    found = [words.last_switch(view)]
    found += [store_words.store_summary(view.store)] if view.store is not None else []
    return found + ([root_words.log_summary(logs)] if logs is not None else [])


def _troubles(view: "ClusterView", logs: "Logs | None") -> "list[Sentence]":
    """Each with what to do."""
    from kaipiao.continuity.cluster import root_words, store_words, words

    found = words.troubles(view)
    found += store_words.store_troubles(view.store) if view.store is not None else []
    return found + (root_words.log_troubles(logs) if logs is not None else [])


def _here(sentence: "Sentence") -> str:
    return t(sentence.zh, sentence.en)
