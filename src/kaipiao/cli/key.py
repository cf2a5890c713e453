"""``kaipiao key``: API keys."""

from pathlib import Path

import click

from kaipiao.app.folder import write_whole
from kaipiao.cli.language import t
from kaipiao.cli.reach import cell, cell_options
from kaipiao.cli.terminal import say, say_json, say_table

PERMISSIONS = ("issue", "read", "confirm", "grant", "deliver", "admin", "audit", "erase")


@click.group(
    "key",
    help=t(
        """API 密钥。密钥只写入文件, 不显示在屏幕或参数中; 服务器只保存其摘要。

        \b
        例:  kaipiao key create --name 收银台1 --may issue --may read \\
                    --taxpayer 91310000MA1FL00000 -o till-1.key
             kaipiao key list
             kaipiao key revoke 3f9c0a1b2c4d
        """,
        """API keys.  A secret is written to a file, never shown; the server keeps its hash only.

        \b
        Examples:  kaipiao key create --name till-1 --may issue --may read \\
                          --taxpayer 91310000MA1FL00000 -o till-1.key
                   kaipiao key list
                   kaipiao key revoke 3f9c0a1b2c4d
        """,
    ),
)
def command() -> None:
    pass


@command.command(
    "create", help=t("新建密钥并写入文件", "Make a key and write its secret to a file.")
)
@click.option("--name", required=True, help=t("用途, 便于辨认", "What it is for."))
@click.option("--tenant", default="operator", help=t("租户", "Whose it is."))
@click.option(
    "--may",
    multiple=True,
    type=click.Choice(PERMISSIONS),
    required=True,
    help=t("权限, 可重复", "A permission; repeat for more."),
)
@click.option(
    "--taxpayer",
    "taxpayers",
    multiple=True,
    required=True,
    metavar="ID",
    help=t(
        "可代表的纳税人, * 表示全部; 可重复",
        "A taxpayer it may act for, * for all; repeat for more.",
    ),
)
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help=t("密钥文件", "The key file."),
)
@cell_options
def create(
    name: str,
    tenant: str,
    may: tuple[str, ...],
    taxpayers: tuple[str, ...],
    output: Path,
    url: str | None,
    key_file: Path | None,
) -> None:
    if output.exists():
        raise click.UsageError(t(f"{output} 已存在", f"{output} exists already"))
    with cell(url, key_file) as client:
        made = client.create_key(tenant=tenant, name=name, may=may, taxpayers=taxpayers)
    write_whole(output, f"{made.secret}\n".encode())
    say(t(f"密钥 {made.key.key_id} 已写入 {output}", f"Key {made.key.key_id} is in {output}"))


@command.command("list", help=t("列出密钥", "List the keys."))
@click.option("--json", "as_json", is_flag=True, help=t("每个一行 JSON", "One JSON object a line."))
@cell_options
def list_keys(as_json: bool, url: str | None, key_file: Path | None) -> None:
    with cell(url, key_file) as client:
        keys = client.keys()
    if as_json:
        for key in keys:
            say_json(key)
        return
    head = (
        t("编号", "id"), t("租户", "tenant"), t("名称", "name"), t("权限", "may"),
        t("纳税人", "taxpayers"), t("状态", "state"),
    )  # fmt: skip
    say_table(
        [
            head,
            *(
                (
                    key.key_id,
                    key.tenant,
                    key.name,
                    ",".join(key.may),
                    ",".join(key.taxpayers[:3]) + ("..." if len(key.taxpayers) > 3 else ""),
                    t("已吊销", "revoked") if key.revoked_at else t("有效", "valid"),
                )
                for key in keys
            ),
        ]
    )


@command.command("revoke", help=t("吊销密钥, 数秒内生效", "Revoke a key; it takes a few seconds."))
@click.argument("key_id")
@cell_options
def revoke(key_id: str, url: str | None, key_file: Path | None) -> None:
    with cell(url, key_file) as client:
        client.revoke_key(key_id)
    say(t(f"密钥 {key_id} 已吊销", f"Key {key_id} is revoked"))
