"""Settings: everything about a cell that its operator may choose.

Four places, the first that speaks wins: a flag (``--port``), the environment (``KAIPIAO_PORT``),
``config.json`` in the data folder, the default below.  The reference page is made from this
file.  A secret (the database's address) has no business in a flag that others can list, so its
flag is for trials, and children of ours get it through a pipe.  The API's limits (``limits.py``)
come from the middle two places only.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

from kaipiao.app.limits import BOUNDS, LimitWrong, load_limits
from kaipiao.gateway.limits import Limits

PREFIX = "KAIPIAO_"
CONFIG_FILE = "config.json"
LIMITS = "limits"
SECRET = ("dsn", "dsn_owner")
"""May hold a password."""


def _zh(text: str) -> dict[str, str]:
    return {"zh": text}


class Settings(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What the operator chose, complete and checked."""

    data: Annotated[
        str,
        Meta(
            min_length=1,
            description="Folder that holds all of the cell: database, keys, evidence, logs.",
            extra=_zh("数据目录: 数据库、密钥、存证、日志都在其中。"),
        ),
    ]
    host: Annotated[
        str,
        Meta(
            min_length=1,
            description="Address to listen on. Only this machine can reach 127.0.0.1.",
            extra=_zh("监听地址。127.0.0.1 仅本机可访问。"),
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int,
        Meta(
            ge=0,
            le=65_535,
            description="Port to listen on; 0 takes a free one.",
            extra=_zh("监听端口; 0 表示任选空闲端口。"),
        ),
    ] = 8720
    dsn: Annotated[
        str,
        Meta(
            description="PostgreSQL 15 or newer to use (postgresql://...); empty: our own, "
            "inside the data folder. It may hold a password: prefer the environment.",
            extra=_zh(
                "使用已有的 PostgreSQL (15 或更新); 留空则自带于数据目录。可含密码, 请用环境变量。"
            ),
        ),
    ] = ""
    dsn_owner: Annotated[
        str,
        Meta(
            description="The same server as dsn, as the role that owns the tables: for migrations "
            "and archiving only; empty: dsn is that role as well. May name a passfile.",
            extra=_zh(
                "与 dsn 同一服务器, 以表的属主角色连接, 仅用于迁移和归档; 留空则同 dsn。"
                "可用 passfile 指明密码文件。"
            ),
        ),
    ] = ""
    workers: Annotated[
        int,
        Meta(
            ge=0,
            le=64,
            description="Processes that answer HTTP; 0: one for each core, at most 2.",
            extra=_zh("应答 HTTP 的进程数; 0 表示每核一个, 最多 2 个。"),
        ),
    ] = 0
    area: Annotated[
        int,
        Meta(
            ge=11,
            le=99,
            description="Area of the tax bureau, digits 3 and 4 of every number.",
            extra=_zh("税务机关地区代码, 即发票号码第 3、4 位。"),
        ),
    ] = 31
    channel: Annotated[
        int,
        Meta(
            ge=0,
            le=9,
            description="Channel, digit 5 of every number.",
            extra=_zh("渠道代码, 即发票号码第 5 位。"),
        ),
    ] = 1
    log_origin: Annotated[
        str,
        Meta(
            pattern=r"^[!-*,-~]{1,200}$",
            description="Name of the evidence log, signed into every checkpoint; for ever.",
            extra=_zh("存证日志的名称, 写入每个检查点, 启用后不可更改。"),
        ),
    ] = "kaipiao.localhost/log"
    log_signatures: Annotated[
        str,
        Meta(
            pattern=r"^ed25519(,ml-dsa-44)?(,sm2)?$",
            description="Signatures under every checkpoint: ed25519, and after a comma ml-dsa-44 "
            "(post-quantum) and sm2 (SM2 with SM3).",
            extra=_zh(
                "每个检查点的签名算法: ed25519 必选, 可加 ml-dsa-44 (抗量子) 和 sm2 (国密)。"
            ),
        ),
    ] = "ed25519,ml-dsa-44,sm2"
    witness_policy: Annotated[
        str,
        Meta(
            description="File that says which witnesses cosign, and how many (C2SP tlog-policy); "
            "empty: witness-policy in the data folder, if there is one.",
            extra=_zh(
                "见证策略文件 (C2SP tlog-policy); 留空则用数据目录中的 witness-policy (如有)。"
            ),
        ),
    ] = ""
    witness_every_s: Annotated[
        int,
        Meta(
            ge=1,
            le=3_600,
            description="Seconds between two checkpoints that are shown to the witnesses.",
            extra=_zh("每隔多少秒向见证方出示一次检查点。"),
        ),
    ] = 5
    witness_start: Annotated[
        Literal["ask", "skip"],
        Meta(
            description="ask: before the log is signed for the first time after a start, the "
            "witnesses say what they saw last; skip: sign without having asked.",
            extra=_zh(
                "ask: 启动后先询问见证方见过什么, 再签名; skip: 不问就签 (仅在你已核实之后)。"
            ),
        ),
    ] = "ask"
    tsa_url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[!-~]{1,200})?$",
            description="Time-stamping authority (RFC 3161) for witnessed checkpoints; or empty.",
            extra=_zh("为见证过的检查点加盖时间戳的机构 (RFC 3161) 网址; 留空则不加盖。"),
        ),
    ] = ""
    tsa_certificate: Annotated[
        str,
        Meta(
            min_length=1,
            description="Certificates of that authority with its root (PEM), in the data folder or "
            "by a full path.",
            extra=_zh("该机构的证书, 含其根证书 (PEM), 位于数据目录或写完整路径。"),
        ),
    ] = "tsa.pem"
    tsa_every_min: Annotated[
        int,
        Meta(
            ge=1,
            le=1_440,
            description="Minutes between two time stamps.",
            extra=_zh("每隔多少分钟加盖一次时间戳。"),
        ),
    ] = 10
    verify_limit: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="How often one invoice may be verified by its fields in a day.",
            extra=_zh("每张发票每日可查验的次数。"),
        ),
    ] = 5
    deliverers: Annotated[
        int,
        Meta(
            ge=0,
            le=16,
            description="Processes that send webhooks and mail and issue uploaded files; 0: none "
            "on this machine.",
            extra=_zh("递送 webhook 和邮件、处理导入文件的进程数; 0 表示本机没有。"),
        ),
    ] = 1
    public_url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[!-~]{1,200})?$",
            description="Where others reach this cell (https://...): what download links begin "
            "with; empty: the address it listens on.",
            extra=_zh("外部访问本单元的地址 (https://...), 用于下载链接; 留空则用监听地址。"),
        ),
    ] = ""
    mail_host: Annotated[
        str,
        Meta(
            pattern=r"^[!-~]{0,200}$",
            description="Mail relay (SMTP) that takes our mail; empty: no mail is sent.",
            extra=_zh("邮件中继 (SMTP) 主机; 留空则不发邮件。"),
        ),
    ] = ""
    mail_port: Annotated[
        int,
        Meta(
            ge=1,
            le=65_535,
            description="Port of the mail relay.",
            extra=_zh("邮件中继端口。"),
        ),
    ] = 587
    mail_security: Annotated[
        Literal["starttls", "tls", "none"],
        Meta(
            description="How the line to the relay is secured: starttls, tls, or none.",
            extra=_zh("到邮件中继的加密方式: starttls、tls 或 none。"),
        ),
    ] = "starttls"
    mail_from: Annotated[
        str,
        Meta(
            pattern=r"^([^\x00-\x1f\x7f]{0,100}@[!-~]{1,200})?$",
            description="Address that mail comes from: invoices@example.com, or with a name: "
            "Invoices <invoices@example.com>.",
            extra=_zh("发件地址, 如 fapiao@example.com 或 开票平台 <fapiao@example.com>。"),
        ),
    ] = ""
    mail_user: Annotated[
        str,
        Meta(
            pattern=r"^[^\x00-\x1f\x7f]{0,200}$",
            description="User at the relay; empty: no sign-in. Its password is the one line of "
            "the file secrets/mail-password in the data folder.",
            extra=_zh(
                "中继的用户名; 留空则不登录。密码写在数据目录的 secrets/mail-password 文件中。"
            ),
        ),
    ] = ""
    webhook_networks: Annotated[
        str,
        Meta(
            pattern=r"^[0-9A-Fa-f:./, ]{0,1000}$",
            description="Networks of your own that webhooks may reach, also without TLS "
            "(10.1.0.0/16, 127.0.0.1); empty: the public Internet only.",
            extra=_zh("webhook 可访问的内部网段 (如 10.1.0.0/16), 且可不用 TLS; 留空则仅限公网。"),
        ),
    ] = ""
    sealers: Annotated[
        int,
        Meta(
            ge=0,
            le=16,
            description="Processes that have invoices sealed by the vendors of vendors.json in the "
            "data folder; 0: none on this machine. Without that file there is none either.",
            extra=_zh(
                "向签章服务商申请签章的进程数 (服务商见数据目录中的 vendors.json); "
                "0 表示本机没有; 没有该文件则不启动。"
            ),
        ),
    ] = 1
    import_days: Annotated[
        int,
        Meta(
            ge=1,
            le=3_650,
            description="Days for which an import that has ended is kept, with its files.",
            extra=_zh("导入任务结束后保留的天数, 含上传的文件和结果。"),
        ),
    ] = 7

    audit_days: Annotated[
        int,
        Meta(
            ge=184,
            le=36_500,
            description="Days for which it is kept who did what (audit log); half a year at least.",
            extra=_zh("审计日志内容 (谁做了什么) 保留的天数, 不少于半年。"),
        ),
    ] = 1_096

    platform: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=60,
            description="Who issues here, as it is printed on documents.",
            extra=_zh("平台名称, 印在版式文件上。"),
        ),
    ] = "Kaipiao 开票"
    verify_url: Annotated[
        str,
        Meta(
            pattern=r"^(https?://[!-~]{1,200})?$",
            description="Where anyone can verify an invoice, as it is printed on documents.",
            extra=_zh("查验网址, 印在版式文件上; 留空则不印。"),
        ),
    ] = ""
    rendition_cache_mb: Annotated[
        int,
        Meta(
            ge=0,
            le=1_048_576,
            description="Disk for documents once made, in MiB; 0 makes each anew.",
            extra=_zh("已生成版式文件的磁盘缓存上限 (MiB); 0 表示不缓存。"),
        ),
    ] = 1_024

    worker_memory_mib: Annotated[
        int,
        Meta(
            ge=128,
            le=1_048_576,
            description="Memory that one of these processes may take, in MiB; above it, it ends "
            "in order and another takes its place.",
            extra=_zh("每个应答进程可用的内存 (MiB); 超过则有序退出, 由新进程接替。"),
        ),
    ] = 1_024

    backup_folder: Annotated[
        str,
        Meta(
            pattern="^(/.*)?$",
            description="Folder, on another disk or machine, into which the cell backs itself up: "
            "as it writes, and whole at times; empty: it does not.",
            extra=_zh("单元自动备份的目录 (另一块磁盘或机器): 随写随收, 定时备份; 留空则不。"),
        ),
    ] = ""
    backup_second_folder: Annotated[
        str,
        Meta(
            pattern="^(/.*)?$",
            description="A second one, in another place, with a stream of its own; or empty.",
            extra=_zh("第二个备份目录 (异地), 有自己的流; 可留空。"),
        ),
    ] = ""
    backup_member: Annotated[
        str,
        Meta(
            pattern="^([a-z][a-z0-9]{0,7})?$",
            description="In a cluster, the member that keeps the backups; empty: the last one of "
            "its description that holds data.",
            extra=_zh("集群中由哪个成员负责备份; 留空则为描述文件中最后一个保存数据的成员。"),
        ),
    ] = ""
    backup_every_h: Annotated[
        int,
        Meta(
            ge=1,
            le=720,
            description="Hours between two base backups.",
            extra=_zh("两次基础备份之间的小时数。"),
        ),
    ] = 24
    backup_keep_days: Annotated[
        int,
        Meta(
            ge=1,
            le=3_650,
            description="Days for which a backup is kept; the newest always is.",
            extra=_zh("备份保留的天数; 最新的一次总是保留。"),
        ),
    ] = 14

    cluster_file: Annotated[
        str,
        Meta(
            pattern="^(/.*)?$",
            description="The description of the cluster whose member this cell is; set by kaipiao "
            "node up.",
            extra=_zh("本单元所属集群的描述文件; 由 kaipiao node up 设置。"),
        ),
    ] = ""
    cluster_member: Annotated[
        str,
        Meta(
            pattern="^([a-z][a-z0-9]{0,7})?$",
            description="Which member of it this cell is; set by kaipiao node up.",
            extra=_zh("本单元是其中哪个成员; 由 kaipiao node up 设置。"),
        ),
    ] = ""

    limits: Limits = Limits()

    def __repr__(self) -> str:
        """For logs: says whether there are addresses of a database, never which."""
        hidden = {name: "***" for name in SECRET if getattr(self, name)}
        return f"Settings({msgspec.to_builtins(self) | hidden})"

    @property
    def worker_count(self) -> int:
        return self.workers or min(2, os.cpu_count() or 1)

    @property
    def backup_keepers(self) -> int:
        """One, if the cell backs itself up; a server named by its DSN is backed up by its owner,
        and a cluster by one member (the others are told of no folder).
        """
        return int(bool(self.backup_folder) and (not self.dsn or bool(self.cluster_file)))


KNOWN = (*(name for name in Settings.__struct_fields__ if name != LIMITS), *BOUNDS)
"""Every name that the environment and the file may set."""


class SettingsWrong(ValueError):
    """A setting cannot be what it is set to: which, where it came from, what it may be."""

    def __init__(self, name: str, source: str, *, zh: str, en: str) -> None:
        super().__init__(f"{name} ({source}): {en}")
        self.zh = f"设置 {name} (来自 {source}) 无效: {zh}"
        self.en = f"Setting {name} (from {source}) cannot be used: {en}"


class Described(NamedTuple):
    """One setting as the reference and ``--help`` show it."""

    name: str
    flag: str
    env: str
    default: str
    zh: str
    en: str
    whole_number: bool


def describe_settings() -> list[Described]:
    """All settings, in the order of the class."""
    info = msgspec.inspect.type_info(Settings)
    assert isinstance(info, msgspec.inspect.StructType)
    return [_describe(field) for field in info.fields if field.name != LIMITS]


def _describe(field: msgspec.inspect.Field) -> Described:
    meta, inner = field.type, field.type
    assert isinstance(meta, msgspec.inspect.Metadata)
    inner = meta.type
    assert meta.extra is not None
    assert meta.extra_json_schema is not None
    default = "" if field.default is msgspec.NODEFAULT else str(field.default)
    return Described(
        name=field.name,
        flag=f"--{field.name.replace('_', '-')}",
        env=PREFIX + field.name.upper(),
        default=default,
        zh=meta.extra["zh"],
        en=meta.extra_json_schema["description"],
        whole_number=isinstance(inner, msgspec.inspect.IntType),
    )


def default_data_folder(environ: Mapping[str, str]) -> str:
    """Where a cell lives unless told otherwise.

    Not in root's own home, which no other user can enter: PostgreSQL refuses to run as root.
    """
    if os.geteuid() == 0:
        return "/var/lib/kaipiao"
    home = environ.get("XDG_DATA_HOME") or str(Path.home() / ".local/share")
    return str(Path(home) / "kaipiao")


def load_settings(flags: Mapping[str, object], environ: Mapping[str, str]) -> Settings:
    """Put the four places together.  A flag that is None was not given.

    Raises:
        SettingsWrong: a value is out of range, or the file is unreadable or names no setting.
    """
    given = {name: (value, "flag") for name, value in flags.items() if value is not None}
    folder = given.get("data", (environ.get(f"{PREFIX}DATA") or default_data_folder(environ), ""))
    data = str(Path(str(folder[0])).expanduser().absolute())
    found: dict[str, Any] = dict(_from_file(Path(data) / CONFIG_FILE))
    found |= {name: (text, source) for name, text, source in _from_environment(environ)}
    found |= given
    found["data"] = (data, "data")
    if "dsn_owner" in found and "dsn" not in found:
        zh, en = "须同时设置 dsn", "it goes with dsn, which is not set"
        raise SettingsWrong("dsn_owner", found["dsn_owner"][1], zh=zh, en=en)
    try:
        limits = load_limits(found)
    except LimitWrong as wrong:
        raise SettingsWrong(wrong.name, wrong.source, zh=wrong.reason, en=wrong.reason) from None
    rest = {name: given for name, given in found.items() if name not in BOUNDS}
    return msgspec.structs.replace(_checked(rest), limits=limits)


def _from_environment(environ: Mapping[str, str]) -> list[tuple[str, str, str]]:
    names = ((name, f"{PREFIX}{name.upper()}") for name in KNOWN)
    return [(name, environ[env], env) for name, env in names if environ.get(env)]


def _from_file(path: Path) -> dict[str, tuple[object, str]]:
    try:
        values = msgspec.json.decode(path.read_bytes(), type=dict[str, str | int | float])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as error:
        raise SettingsWrong(
            CONFIG_FILE, str(path), zh=f"文件无法读取: {error}", en=f"unreadable: {error}"
        ) from None
    for name in values:
        if name not in KNOWN or name == "data":
            known = ", ".join(n for n in KNOWN if n != "data")
            raise SettingsWrong(
                name, str(path), zh=f"没有这个设置。可用: {known}", en=f"unknown. Known: {known}"
            )
    return {name: (value, str(path)) for name, value in values.items()}


def _checked(found: Mapping[str, tuple[object, str]]) -> Settings:
    """One by one, so that an error can say which setting and where it came from."""
    info = msgspec.inspect.type_info(Settings)
    assert isinstance(info, msgspec.inspect.StructType)
    for name, (value, source) in found.items():
        alone = {"data": "-", name: value}
        try:
            msgspec.convert(alone, Settings, strict=False)
        except msgspec.ValidationError as error:
            reason = str(error).partition(" - at ")[0]
            raise SettingsWrong(name, source, zh=reason, en=reason) from None
    return msgspec.convert({n: value for n, (value, _) in found.items()}, Settings, strict=False)
