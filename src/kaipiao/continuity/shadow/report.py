"""A run in words: how many are alike, and each that is not, with both answers."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from kaipiao.continuity.shadow.book import Divergence, Tally

Words = tuple[str, str]
"""In Chinese and in English."""

COUNTS: tuple[tuple[str, Words], ...] = (
    ("same", ("一致", "same")),
    ("diverged", ("不一致", "diverged")),
    ("only_here", ("仅本单元有", "only here (the shadow refused or lost it)")),
    ("only_there", ("仅影子有", "only there (this cell has not issued it)")),
    ("waiting", ("等待比对", "waiting")),
    ("passed", ("略过 (已删除内容, 或日志公告)", "passed over (erased, or the log's own)")),
)
KINDS: dict[str, Words] = {
    "content": ("内容不一致", "differs"),
    "refused": ("影子拒绝", "refused by the shadow"),
    "absent": ("影子回执后查无此票", "acknowledged by the shadow, and not there"),
    "stranger": ("仅影子有", "only the shadow has it"),
}


class Counts(NamedTuple):
    same: int
    diverged: int
    only_here: int
    only_there: int
    waiting: int
    passed: int


def counts_of(tally: Tally) -> Counts:
    return Counts(*(getattr(tally, name) for name, _ in COUNTS))


def sentence(tally: Tally) -> Words:
    """The whole run in one sentence."""
    compared = tally.same + tally.diverged + tally.only_here
    if not compared:
        return "还没有比对过发票。", "No invoice has been compared yet."
    if tally.is_alike:
        return (
            f"已比对 {compared:,} 张, 全部一致; 还有 {tally.waiting:,} 张等待。",
            f"{compared:,} compared, all the same; {tally.waiting:,} waiting.",
        )
    apart = tally.diverged + tally.only_here + tally.only_there
    return (
        f"已比对 {compared:,} 张, {apart:,} 张不一致; 还有 {tally.waiting:,} 张等待。",
        f"{compared:,} compared, {apart:,} not alike; {tally.waiting:,} waiting.",
    )


def lines_of(one: Divergence) -> Iterator[Words]:
    """One divergence: what it is about, then each difference with both answers."""
    zh, en = KINDS[one.kind]
    number = (one.here or one.there or {}).get("number", "")
    about = f"{number}  {one.seller}  {one.key}"
    yield f"{about}  {zh}", f"{about}  {en}"
    for apart in one.differences:
        here, there = shown(apart.here), shown(apart.there)
        yield (
            f"    {apart.path}  本单元 {here}  影子 {there}",
            f"    {apart.path}  here {here}  there {there}",
        )
    if one.kind == "stranger":
        told = shown(one.there)
        yield f"    本单元 (无)  影子 {told}", f"    here (none)  there {told}"
    elif one.kind != "content":
        yield from refusal_of(one)


def refusal_of(one: Divergence) -> Iterator[Words]:
    """What the shadow said instead, with the facts that it gave."""
    told = one.there if isinstance(one.there, dict) else {}
    code = f"    HTTP {one.status}  {told.get('code', '')}"
    yield (
        f"{code}  {told.get('zh') or shown(one.there)}",
        f"{code}  {told.get('en') or shown(one.there)}",
    )
    for violation in _violations(told):
        facts = f"    {violation.get('path', '')}  {violation.get('code', '')}"
        yield f"{facts}  {violation.get('zh', '')}", f"{facts}  {violation.get('en', '')}"


def _violations(told: dict[str, Any]) -> Iterable[dict[str, Any]]:
    listed = told.get("violations")
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def shown(value: object) -> str:
    return msgspec.json.encode(value).decode()[:300]
