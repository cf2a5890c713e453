"""``kaipiao seal vendors``, ``distrust``, ``trust``, ``run``, ``vendor``: who seals for us."""

import asyncio
import os
from pathlib import Path

import click

from kaipiao.cli.language import t
from kaipiao.cli.reach import cell, cell_options
from kaipiao.cli.terminal import printable, say, say_json, say_table
from kaipiao.client.seals import Vendor, Vendors

ALGORITHMS = {"1.2.156.10197.1.501": "SM2-SM3", "1.3.101.112": "Ed25519"}
BREAKERS = {
    "closed": ("正常", "closed"),
    "open": ("熔断", "open"),
    "half-open": ("试探", "half-open"),
}
OWN_KEYS = {"sm2": "seal.pem", "ed25519": "seal-ed25519.pem"}
json_option = click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))


@click.command(
    "vendors",
    help=t(
        "等待签章的发票, 以及各服务商近一日的表现。",
        "What waits to be sealed, and how each vendor did in the last day.",
    ),
)
@json_option
@cell_options
def vendors(as_json: bool, url: str | None, key_file: Path | None) -> None:
    with cell(url, key_file) as client:
        found = client.seals.vendors()
    say_json(found) if as_json else _tell(found)


def _tell(found: Vendors) -> None:
    if not found.vendors:
        say(
            t(
                "本单元没有签章服务商。见 docs/how-to/seal-vendors.md",
                "This cell has no seal vendors: see docs/how-to/seal-vendors.md",
            )
        )
        return
    oldest = "-" if found.oldest_s is None else f"{found.oldest_s:,.0f} s"
    say(t(f"等待: {found.waiting:,}  最久: {oldest}", f"waiting: {found.waiting:,}  {oldest}"))
    head = (
        t("服务商", "vendor"), t("算法", "algorithm"), t("信任", "trusted"),
        t("熔断器", "breaker"), t("已签", "invoices"), t("成功率", "success"), "p50 ms", "p99 ms",
        t("谎报", "lies"), t("熔断时长", "open for"), t("最近故障", "last failure"),
    )  # fmt: skip
    say_table([head, *map(_row, found.vendors)], right=(4, 5, 6, 7, 8, 9))


def _row(one: Vendor) -> tuple[str, ...]:
    states = [t(*BREAKERS[breaker.state]) for breaker in one.breakers]
    said = next((breaker.said for breaker in one.breakers if breaker.said), "")
    return (
        one.name,
        ALGORITHMS.get(one.algorithm, one.algorithm),
        t("是", "yes") if one.trusted else t("否", "no") + f": {printable(one.distrusted_why)}",
        ", ".join(states) or "-",
        f"{one.invoices:,}",
        "-" if one.success_share is None else f"{one.success_share:.1%}",
        str(one.p50_ms or "-"),
        str(one.p99_ms or "-"),
        str(one.lied),
        f"{one.state_s.get('open', 0):,.0f} s",
        printable(said)[:60],
    )


@click.command(
    "distrust",
    help=t(
        "不再信任某服务商: 它签过的全部发票排队由其他服务商重新签章; 旧签章保留并注明作废。",
        "Believe a vendor no more: all that it sealed is queued for the others.  Its marks are "
        "kept, as superseded.",
    ),
)
@click.argument("name")
@click.option("--why", required=True, help=t("原因, 与签章一并保留", "Why; kept with its marks."))
@json_option
@cell_options
def distrust(name: str, why: str, as_json: bool, url: str | None, key_file: Path | None) -> None:
    with cell(url, key_file) as client:
        found = client.seals.distrust(name, why=why)
    if as_json:
        say_json(found)
    else:
        say(t(f"{name} 不再受信任。进度: ", f"{name} is not believed any more. To watch: ") + WATCH)


WATCH = "kaipiao seal vendors"


@click.command("trust", help=t("重新信任某服务商。", "Believe a vendor again."))
@click.argument("name")
@json_option
@cell_options
def trust(name: str, as_json: bool, url: str | None, key_file: Path | None) -> None:
    with cell(url, key_file) as client:
        found = client.seals.trust(name)
    say_json(found) if as_json else say(t(f"{name} 重新受信任。", f"{name} is believed again."))


@click.command(
    "run",
    help=t(
        """在本机运行一个签章进程, 直到 Ctrl-C。kaipiao up 已自带; 本命令用于其他机器。

        \b
        需要: KAIPIAO_DSN (单元的数据库), 数据目录中有单元的 vendors.json 及其所列文件;
        若有 sm2 或 ed25519, 还需 secrets/seal.pem 或 secrets/seal-ed25519.pem。

        \b
        例:  KAIPIAO_DSN=postgresql://... KAIPIAO_DATA=/srv/kaipiao kaipiao seal run
        """,
        """Run one sealing process on this machine, until Ctrl-C.  `kaipiao up` brings its own;
        this is for further machines.

        \b
        Needs: KAIPIAO_DSN (the cell's database), and in the data folder the cell's vendors.json
        with the files that it names; for the kinds sm2 and ed25519 also secrets/seal.pem and
        secrets/seal-ed25519.pem.

        \b
        Example:  KAIPIAO_DSN=postgresql://... KAIPIAO_DATA=/srv/kaipiao kaipiao seal run
        """,
    ),
)
def run() -> None:
    from kaipiao.app.folder import CellFolder
    from kaipiao.app.journal import keep_journal
    from kaipiao.app.orders import Orders
    from kaipiao.app.outward import roster_of
    from kaipiao.app.seal import seal
    from kaipiao.app.settings import load_settings

    settings = load_settings({}, os.environ)
    if not settings.dsn:
        raise click.UsageError(
            t(
                "请用环境变量 KAIPIAO_DSN 给出单元的数据库。",
                "Name the cell's database: KAIPIAO_DSN.",
            )
        )
    listed = roster_of(settings)
    if not listed:
        raise click.UsageError(
            t(
                f"{settings.data} 中没有 vendors.json: 请从单元的数据目录复制。",
                f"There is no vendors.json in {settings.data}: copy it from the cell's folder.",
            )
        )
    folder = CellFolder(settings.data)
    for name in sorted({OWN_KEYS[one.plan.kind] for one in listed if one.plan.kind in OWN_KEYS}):
        if not (folder.secrets / name).exists():  # one made here would be another vendor's
            raise click.UsageError(
                t(
                    f"缺少 {folder.secrets / name}: 请从单元的数据目录复制。",
                    f"{folder.secrets / name} is missing: copy it from the cell's data folder.",
                )
            )
    folder.make()
    keep_journal(folder.logs, "seal-run")
    say(t("正在签章。停止: Ctrl-C", "Sealing. To stop: Ctrl-C"))
    asyncio.run(seal(Orders(settings=settings, dsn=settings.dsn, name="seal-run"), tell=False))


@click.group("vendor", help=t("运行一个服务商, 供试用和演练", "Run a vendor: trials, drills."))
def vendor() -> None:
    pass


@vendor.command(
    "up",
    help=t(
        """在本机运行一个签章服务商 (Ed25519), 直到 Ctrl-C: 供试用、演练, 或作为单独的签章机。

        密钥、证书和密码在 DIR 中自动生成。演练时在 DIR/behaviour 中写一个词即可令其
        slow、failing、wrong、lying 或 dead; honest 恢复正常。

        \b
        例:  kaipiao seal vendor up ./acme --port 8790
             echo lying > ./acme/behaviour
        """,
        """Run a vendor (Ed25519) on this machine, until Ctrl-C: for trials and drills, or as a
        signing desk of its own.

        Key, certificate and secret are made in DIR.  For drills, write one word into
        DIR/behaviour: slow, failing, wrong, lying or dead; honest makes it well again.

        \b
        Examples:  kaipiao seal vendor up ./acme --port 8790
                   echo lying > ./acme/behaviour
        """,
    ),
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--host", default="127.0.0.1", show_default=True, help=t("监听地址", "Address."))
@click.option("--port", default=8790, show_default=True, help=t("监听端口", "Port; 0: a free one."))
@click.option("--name", default="", help=t("证书中的名称", "Who it is, in its certificate."))
def up(folder: Path, host: str, port: int, name: str) -> None:
    from kaipiao.app.seal_vendor import open_counter

    counter, files = open_counter(folder, host=host, port=port, name=name or folder.resolve().name)
    with counter:
        where = f"http://{host}:{counter.server_address[1]}"
        say(t(f"服务商在 {where}", f"The vendor is at {where}"))
        say(t("写入 vendors.json:", "For vendors.json:") + f" {files.entry(where)}")
        counter.serve_forever()


VENDOR_COMMANDS = (vendors, distrust, trust, run, vendor)
