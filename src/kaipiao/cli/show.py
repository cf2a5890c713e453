"""``kaipiao show``: one invoice."""

from pathlib import Path

import click

from kaipiao.cli.document import KINDS, show_document
from kaipiao.cli.language import t
from kaipiao.cli.reach import cell, cell_options
from kaipiao.cli.seal_states import tell_seal
from kaipiao.cli.terminal import say, say_json, say_table
from kaipiao.client.answers import Invoice
from kaipiao.client.seals import Seal
from kaipiao.fiscal.money import format_yuan
from kaipiao.fiscal.month import BEIJING

_STANDINGS = {
    "issued": ("正常", "issued"),
    "reversed-in-part": ("部分冲红", "reversed in part"),
    "reversed-wholly": ("已全部冲红", "reversed wholly"),
    "red-letter": ("红字发票", "red letter"),
}


@click.command(
    "show",
    help=t(
        """查看一张发票: 按号码, 或按销方与流水号 (--seller --key); 或取其版式文件 (--as)。

        \b
        例:  kaipiao show 26311000000000000001
             kaipiao show --seller 91310000MA1FL00000 --key 订单4711
             kaipiao show 26311000000000000001 --as pdf -o 发票.pdf

        退出码: 0 找到, 1 没有。
        """,
        """Show one invoice, by its NUMBER, or by --seller and --key ("did it go through?"); or
        get it as a document (--as).

        \b
        Examples:  kaipiao show 26311000000000000001
                   kaipiao show --seller 91310000MA1FL00000 --key order-4711
                   kaipiao show 26311000000000000001 --as pdf -o invoice.pdf

        Exits 0 if it is there, 1 if it is not.
        """,
    ),
)
@click.argument("number", required=False)
@click.option("--seller", metavar="ID", help=t("销方识别号", "The seller's taxpayer id."))
@click.option("--key", metavar="KEY", help=t("流水号", "The key it was issued under."))
@click.option(
    "--as",
    "kind",
    type=click.Choice(KINDS),
    help=t("取版式文件", "Get it as a document of this kind."),
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=t("写入文件 (与 --as 同用)", "Write the document to this file (with --as)."),
)
@click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
@cell_options
@click.pass_context
def command(
    context: click.Context,
    number: str | None,
    seller: str | None,
    key: str | None,
    kind: str | None,
    output: Path | None,
    as_json: bool,
    url: str | None,
    key_file: Path | None,
) -> None:
    if not number and not (seller and key):
        raise click.UsageError(
            t("给出号码, 或 --seller 和 --key。", "Give a NUMBER, or --seller and --key.")
        )
    if (output and not kind) or (kind and as_json):
        raise click.UsageError(
            t(
                "-o 须与 --as 同用; --as 不能与 --json 同用。",
                "-o needs --as; --as excludes --json.",
            )
        )
    with cell(url, key_file) as client:
        found = None
        if not (number and kind):  # a document needs nothing but the number
            found = client.invoice(number) if number else client.find_key(seller or "", key or "")
        seal = client.seals.read(found.number) if found and not as_json and not kind else None
        if kind and (number or found):
            show_document(client, found.number if found else str(number), kind, output)
            return
    if found is None:
        say(t("没有这张发票: 尚未开具。", "There is none: it was not issued."))
        context.exit(1)
    say_json(found) if as_json else _show(found, seal)


def _show(invoice: Invoice, seal: Seal | None) -> None:
    draft, at = invoice.draft, invoice.issued_at.astimezone(BEIJING)
    standing = t(*_STANDINGS.get(invoice.standing or "issued", ("", "")))
    kind = t("专票", "special") if draft.kind == "special" else t("普票", "ordinary")
    say(f"{invoice.number}  {kind}  {standing}")
    say_table(
        [
            (t("开票时间", "issued at"), f"{at:%Y-%m-%d %H:%M:%S}"),
            (t("销方", "seller"), f"{draft.seller.name} {draft.seller.taxpayer_id}"),
            (t("购方", "buyer"), f"{draft.buyer.name} {draft.buyer.taxpayer_id}".rstrip()),
            (t("流水号", "key"), invoice.key),
            (
                t("存证序号", "log index"),
                "-" if invoice.log_index is None else str(invoice.log_index),
            ),
            *([(t("签章", "seal"), tell_seal(seal))] if seal and seal.state != "none" else ()),
        ]
    )
    rows = [
        (line.name, line.quantity, line.unit, format_yuan(own.net_fen), format_yuan(own.tax_fen))
        for line, own in zip(draft.lines, invoice.lines, strict=True)
    ]
    head = (
        t("名称", "name"), t("数量", "quantity"), t("单位", "unit"),
        t("金额", "net"), t("税额", "tax"),
    )  # fmt: skip
    say("")
    say_table([head, *rows], right=(1, 3, 4))
    totals = invoice.totals
    say(
        t(
            f"合计 {format_yuan(totals.net_fen)}  税额 {format_yuan(totals.tax_fen)}  "
            f"价税合计 {format_yuan(totals.gross_fen)} ({invoice.words})",
            f"net {format_yuan(totals.net_fen)}  tax {format_yuan(totals.tax_fen)}  "
            f"total {format_yuan(totals.gross_fen)} ({invoice.words})",
        )
    )
