"""``kaipiao confirm``: red-letter confirmation forms (红字确认单)."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import click
import msgspec

from kaipiao.cli.language import t
from kaipiao.cli.reach import cell, cell_options
from kaipiao.cli.reverse import REASONS, parse_ask
from kaipiao.cli.terminal import say, say_json, say_table
from kaipiao.client.answers import Confirmation
from kaipiao.fiscal.month import BEIJING

_JSON = click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))


@click.group(
    "confirm",
    help=t(
        """红字确认单: 购方已抵扣或入账的发票, 双方确认后才能冲红。72 小时不答复即作废。

        \b
        例:  kaipiao confirm open 26311000000000000001 --reason 02 --by seller
             kaipiao confirm confirm 12345678901234567890     (另一方)
             kaipiao reverse 26311000000000000001 --reason 02 --confirmation 编号
             kaipiao confirm use 26311000000000000001 deducted
        """,
        """Confirmation forms: what the buyer deducted or booked is reversed only after both
        sides agreed.  A form that is not answered within 72 hours lapses.

        \b
        Examples:
          kaipiao confirm open 26311000000000000001 --reason 02 --by seller
          kaipiao confirm confirm 12345678901234567890       (the other side)
          kaipiao reverse 26311000000000000001 --reason 02 --confirmation FORM
          kaipiao confirm use 26311000000000000001 deducted
        """,
    ),
)
def command() -> None:
    pass


@command.command("open", help=t("填开确认单", "Open a form against an invoice."))
@click.argument("number")
@click.option(
    "--reason",
    type=click.Choice(list(REASONS)),
    required=True,
    help=t(
        "01 开票有误 02 销货退回 03 服务中止 04 销售折让",
        "01 error, 02 goods returned, 03 service ended, 04 price reduced.",
    ),
)
@click.option(
    "--line",
    "lines",
    multiple=True,
    metavar="N[:YUAN]",
    help=t("只冲这一行, 可重复", "Take back this line only; repeat for more."),
)
@click.option("--remark", default="", help=t("备注", "Remark."))
@click.option(
    "--by",
    type=click.Choice(["seller", "buyer"]),
    help=t("由哪一方填开", "The side that opens it."),
)
@click.option("--key", metavar="KEY", help=t("编号", "Key of this form in your own books."))
@_JSON
@cell_options
def open_form(
    number: str,
    reason: str,
    lines: tuple[str, ...],
    remark: str,
    by: str | None,
    key: str | None,
    as_json: bool,
    url: str | None,
    key_file: Path | None,
) -> None:
    ask = parse_ask(reason, lines, remark)
    seed = msgspec.json.encode((number, ask, by))
    key = key or f"form-{hashlib.sha256(seed).hexdigest()[:32]}"
    with cell(url, key_file) as client:
        _tell(client.open_confirmation(number, ask, key=key, by=by), as_json=as_json)


@command.command("list", help=t("列出一个纳税人的确认单", "List a taxpayer's forms."))
@click.argument("taxpayer")
@_JSON
@cell_options
def list_forms(taxpayer: str, as_json: bool, url: str | None, key_file: Path | None) -> None:
    with cell(url, key_file) as client:
        forms = list(client.confirmations(taxpayer))
    if as_json:
        for form in forms:
            say_json(form)
    elif forms:
        say_table([(f.form_id, f.original, t(f.state_zh, f.state_en)) for f in forms])
    else:
        say(t("没有确认单。", "No forms."))


@command.command("show", help=t("查看确认单", "Show a form as it stands now."))
@click.argument("form")
@_JSON
@cell_options
def show(form: str, as_json: bool, url: str | None, key_file: Path | None) -> None:
    with cell(url, key_file) as client:
        _tell(client.confirmation(form), as_json=as_json)


@command.command(
    "use",
    help=t(
        "登记购方用途: 抵扣 deducted 或入账 booked",
        "Note that the buyer deducted or booked an invoice.",
    ),
)
@click.argument("number")
@click.argument("use", type=click.Choice(["deducted", "booked"]))
@cell_options
def use(number: str, use: str, url: str | None, key_file: Path | None) -> None:
    with cell(url, key_file) as client:
        client.note_use(number, use)
    say(t("已登记。", "Noted."))


def _answer(action: str, zh: str, en: str) -> None:
    """One subcommand for one way to answer a form."""

    @click.argument("form")
    @_JSON
    @cell_options
    def answer(form: str, as_json: bool, url: str | None, key_file: Path | None) -> None:
        with cell(url, key_file) as client:
            _tell(client.answer_confirmation(form, action), as_json=as_json)

    function: Callable[..., None] = answer
    command.command(action, help=t(zh, en))(function)


_answer("confirm", "同意 (对方填开的)", "Agree to a form that the other side opened.")
_answer("deny", "否认 (对方填开的)", "Refuse a form that the other side opened.")
_answer("withdraw", "撤销 (自己填开的)", "Take back a form that you opened.")
_answer("flag", "标为异常 (管理方)", "Void a form as irregular (the operator).")


def _tell(form: Confirmation, *, as_json: bool) -> None:
    if as_json:
        say_json(form)
        return
    lapses = form.lapses_at.astimezone(BEIJING)
    say_table(
        [
            (t("确认单", "form"), form.form_id),
            (t("原发票", "original"), form.original),
            (t("状态", "state"), f"{form.state} {t(form.state_zh, form.state_en)}"),
            (t("填开方", "opened by"), form.started_by),
            (t("逾期作废", "lapses"), f"{lapses:%Y-%m-%d %H:%M}"),
            (t("红字发票", "red letter"), form.red_letter or "-"),
        ]
    )
