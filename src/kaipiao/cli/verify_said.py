"""``kaipiao verify`` in words, for a person: offline findings, and what a cell answered."""

from datetime import datetime

import click

from kaipiao.cli import exits
from kaipiao.cli.found import Found
from kaipiao.cli.language import t
from kaipiao.cli.terminal import printable, say, say_json
from kaipiao.evidence.grade import Grade
from kaipiao.fiscal.money import format_yuan, parse_yuan
from kaipiao.fiscal.month import BEIJING


def show_found(found: Found) -> None:
    if not found.genuine:
        title = t("无法离线判定:", "Cannot be decided offline:")
        say(title if found.undecided else t("不真实:", "Not genuine:"))
        for fault in found.faults:
            say(f"  {'?' if found.undecided else '✗'} {printable(fault)}")
        return
    assert found.issued_at is not None
    at = found.issued_at.astimezone(BEIJING)
    say(
        t(
            f"真实。发票 {found.number}, 开具于 {at:%Y-%m-%d %H:%M:%S}, "
            f"价税合计 {format_yuan(found.gross_fen or 0)} 元。\n"
            f"日志 {found.log} 第 {found.log_index} 项, 检查点大小 {found.log_size}。",
            f"Genuine. Invoice {found.number}, issued {at:%Y-%m-%d %H:%M:%S} Beijing time, "
            f"{format_yuan(found.gross_fen or 0)} yuan with tax.\n"
            f"Entry {found.log_index} of the log {found.log}, under a checkpoint of "
            f"{found.log_size}.",
        )
    )
    say(_graded(found))
    if found.page:
        say(t(f"版面: {found.page}", f"Its page: {found.page}"))


def _graded(found: Found) -> str:
    grade = Grade(found.grade)
    said = t(f"等级 {grade}: {grade.zh}。", f"Grade {grade}: {grade.en}.")
    times = (
        (found.witnessed_at, t("见证", "Witnessed")),
        (found.stamped_at, t("时间戳", "Time-stamped")),
    )
    for at, what in times:
        if at is not None:
            said += f" {what}: {at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}."
    return said


def ask_by_fields(
    url: str | None, number: str, day: datetime, amount: str, kind: str, *, as_json: bool
) -> int:
    from kaipiao.cli.reach import anyone

    try:
        gross_fen = parse_yuan(amount)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    with anyone(url) as client:
        finding = client.verify(number, issued_on=day.date(), gross_fen=gross_fen, kind=kind)
    if as_json:
        say_json(finding)
    else:
        say(_FINDINGS[finding.answer]())
        if finding.standing:
            say(_STANDINGS[finding.standing]())
    return exits.OK if finding.answer == "valid" else exits.NO


_FINDINGS = {
    "valid": lambda: t(
        "一致: 确有此票, 票面信息相符。", "Valid: there is such an invoice, and it says this."
    ),
    "no-such-invoice": lambda: t("查无此票。", "There is no such invoice."),
    "does-not-match": lambda: t(
        "不一致: 票面信息与记录不符。", "There is such a number, and it says something else."
    ),
}
_STANDINGS = {
    "issued": lambda: t("状态: 正常", "Standing: issued"),
    "reversed-in-part": lambda: t("状态: 部分冲红", "Standing: reversed in part"),
    "reversed-wholly": lambda: t("状态: 已全部冲红", "Standing: reversed wholly"),
    "red-letter": lambda: t("状态: 红字发票", "Standing: a red letter"),
}
