"""``kaipiao seal``: seals of invoices by vendors: look at one, check it offline."""

from pathlib import Path

import click

from kaipiao.cli import exits
from kaipiao.cli.language import t
from kaipiao.cli.reach import cell, cell_options
from kaipiao.cli.seal_states import tell_seal
from kaipiao.cli.seal_vendors import VENDOR_COMMANDS
from kaipiao.cli.terminal import say, say_json, say_table
from kaipiao.client.seals import Mark, Seal
from kaipiao.fiscal.month import BEIJING

_existing = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.group(
    "seal",
    help=t(
        """签章: 发票开具之后, 由签章服务商对其签章; 服务商全部中断也不影响开票。

        \b
        例:  kaipiao seal show 26311000000000000001 -o 签章.json
             kaipiao seal verify 签章.json --certificate 服务商.crt --receipt 回执.txt
             kaipiao seal vendors
             kaipiao seal distrust acme --why 密钥泄露
        """,
        """Seals: vendors sign invoices after they were issued; with every vendor dead, invoices
        are issued all the same.

        \b
        Examples:  kaipiao seal show 26311000000000000001 -o seal.json
                   kaipiao seal verify seal.json --certificate vendor.crt --receipt receipt.txt
                   kaipiao seal vendors
                   kaipiao seal distrust acme --why "its key was stolen"
        """,
    ),
)
def command() -> None:
    pass


@command.command(
    "show",
    help=t(
        "一张发票的签章: 状态、由谁、何时。退出码: 0 已签章, 1 尚未。",
        "How an invoice's seal stands, by whom, since when.  Exits 0 if it is sealed, else 1.",
    ),
)
@click.argument("number")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=t("存为文件, 供离线核对", "Save it to this file, to verify it offline."),
)
@click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
@cell_options
@click.pass_context
def show(
    context: click.Context,
    number: str,
    output: Path | None,
    as_json: bool,
    url: str | None,
    key_file: Path | None,
) -> None:
    with cell(url, key_file) as client:
        found = client.seals.read(number)
    if output:
        import msgspec

        output.write_bytes(msgspec.json.encode(found) + b"\n")
    say_json(found) if as_json else _tell(found)
    if found.state != "sealed":
        context.exit(exits.NO)


def _tell(found: Seal) -> None:
    say(f"{found.number}  {tell_seal(found)}")
    rows = [_row(mark) for mark in ((found.mark,) if found.mark else ()) + found.superseded]
    if rows:
        head = (t("服务商", "vendor"), t("签章时间", "sealed at"), t("密钥", "key"), "")
        say_table([head, *rows])


def _row(mark: Mark) -> tuple[str, str, str, str]:
    at = mark.sealed_at.astimezone(BEIJING)
    over = t(f"已作废: {mark.superseded_why}", f"superseded: {mark.superseded_why}")
    is_over = mark.superseded_at is not None
    return mark.vendor, f"{at:%Y-%m-%d %H:%M:%S}", f"{mark.key_id[:16]}…", over if is_over else ""


@command.command(
    "verify",
    help=t(
        """离线核对 seal show -o 存下的签章, 不联系任何人。

        --certificate 或 --key-id: 您信任的服务商证书; 不给出则只核对签名与文件中的证书相符。
        --receipt: 该发票的存证回执, 核对两者说的是同一片叶。

        退出码: 0 属实, 1 不符, 2 文件无法读取。
        """,
        """Check a seal saved by `seal show -o`, offline.

        --certificate or --key-id says whose certificate you trust; without it the signature is
        only checked against the certificate in the file.  With --receipt, the invoice's receipt,
        both must be about the same leaf.

        Exits 0 if it holds, 1 if it does not, 2 if the file cannot be read.
        """,
    ),
)
@click.argument("file", type=_existing)
@click.option(
    "--certificate",
    type=_existing,
    metavar="PEM",
    help=t("您信任的服务商证书", "The vendor's certificate that you trust."),
)
@click.option(
    "--key-id",
    default="",
    metavar="HEX",
    help=t("其 SHA-256 (64 位十六进制)", "Its SHA-256, 64 hex digits."),
)
@click.option(
    "--receipt",
    type=_existing,
    metavar="FILE",
    help=t("该发票的存证回执", "The invoice's receipt."),
)
@click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
@click.pass_context
def verify(
    context: click.Context,
    file: Path,
    certificate: Path | None,
    key_id: str,
    receipt: Path | None,
    as_json: bool,
) -> None:
    from kaipiao.seal.verdict import FAULTS, judge, parse_seal

    try:
        trusted = _key_id(certificate) if certificate else key_id.lower()
        leaf, index = _leaf_and_index(receipt) if receipt else (None, None)
        judged = judge(parse_seal(file.read_bytes()), key_id=trusted, leaf=leaf, index=index)
    except ValueError as error:
        raise click.UsageError(t(f"无法读取: {error}", f"cannot be read: {error}")) from None
    if as_json:
        say_json(
            {
                "genuine": not judged.faults,
                "why": judged.faults,
                "key_id": judged.key_id,
                "algorithm": judged.algorithm,
                "said": judged.said,
            }
        )
    else:
        for fault in judged.faults:
            say(t("不符: ", "not genuine: ") + t(*FAULTS[fault]))
        if not judged.faults:
            say(_genuine(judged.said.number, judged.key_id, is_pinned=bool(trusted)))
    context.exit(exits.NO if judged.faults else exits.OK)


def _genuine(number: str, key_id: str, *, is_pinned: bool) -> str:
    if is_pinned:
        return t(f"属实: {number} 由您指定的密钥签章", f"genuine: {number}, by the key you named")
    return t(
        f"签名与文件中的证书相符: {number}。请向服务商核对证书的 SHA-256:\n{key_id}",
        f"the signature is by the certificate in the file: {number}. Ask the vendor whether this "
        f"is its certificate's SHA-256:\n{key_id}",
    )


def _key_id(certificate: Path) -> str:
    """Raises ValueError."""
    from kaipiao.seal.certificate import parse_pem
    from kaipiao.seal.check import seal_key

    return seal_key("", parse_pem("CERTIFICATE", certificate.read_text("ascii"))).key_id


def _leaf_and_index(receipt: Path) -> tuple[bytes, int]:
    """Raises ValueError."""
    from kaipiao.evidence.proof import parse_opening, parse_proof

    proof = parse_proof(receipt.read_text("utf-8"))
    if proof.extra is None:
        raise ValueError(f"{receipt} does not say what its leaf was made of")
    return parse_opening(proof.extra).leaf(), proof.index


for one in VENDOR_COMMANDS:
    command.add_command(one)
