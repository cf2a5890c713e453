"""Whom ``kaipiao verify`` is told to trust: keys of logs, a policy of witnesses, an authority."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kaipiao.cli.language import t
from kaipiao.cli.terminal import say
from kaipiao.evidence.note import VerifierKey
from kaipiao.evidence.policy import Policy, PolicyWrong, parse_policy
from kaipiao.evidence.trust import Trust, parse_vkeys

if TYPE_CHECKING:
    from kaipiao.evidence.timestamp import Authority


class KeyParam(click.types.StringParamType):
    """A key or a file of keys; in the environment several are written one a line."""

    name = "key"
    envvar_list_splitter = "\n"


def find_trust(log_keys: Sequence[str], policy: Path | None, tsa: Path | None = None) -> Trust:
    """The trust to judge by.  Without a key: the policy's logs, else this machine's cell.

    Raises:
        click.UsageError: no key, or something that is given cannot be used.
    """
    believed = _read_policy(policy) if policy else None
    listed = tuple(log.key for log in believed.logs) if believed else ()
    keys = _parse_keys(log_keys) if log_keys or not listed else listed
    return Trust(keys, witnesses=believed, authority=_read_authority(tsa) if tsa else None)


def write_page(path: Path, log_keys: Sequence[str], policy: Path | None) -> None:
    """Write the offline page with this trust filled in; without any it is for the reader to fill.

    Raises:
        click.UsageError: something that is given cannot be used.
    """
    from kaipiao.app.folder import write_whole
    from kaipiao.cli.reach import local_log_key
    from kaipiao.evidence.page.compose import compose_page

    is_known = log_keys or policy or local_log_key()
    keys = find_trust(log_keys, policy).keys if is_known else ()
    text = policy.read_text(encoding="utf-8") if policy else ""
    write_whole(path, compose_page(map(str, keys), text), mode=0o644)
    say(
        t(
            f"已写入 {path}: 用浏览器打开, 断网也能查验。其中有 {len(keys)} 个日志公钥。",
            f"Wrote {path}: open it in a browser; it verifies without a network. "
            f"{len(keys)} keys of logs are in it.",
        )
    )


def find_log_key(given: str | None) -> str:
    """The text of a key, from itself, a file, or the cell of this machine."""
    if given and "+" in given and not Path(given).exists():
        return given.strip()
    if given:
        return Path(given).read_text(encoding="utf-8").strip()
    from kaipiao.cli.reach import local_log_key

    if key := local_log_key():
        return key
    raise click.UsageError(
        t(
            "需要日志公钥: --key 文件或文本。从单元取得: kaipiao log key > log.vkey",
            "The log's public key is needed: --key FILE. From a cell: kaipiao log key > log.vkey",
        )
    )


def _parse_keys(given: Sequence[str]) -> tuple[VerifierKey, ...]:
    texts = [find_log_key(one) for one in given] or [find_log_key(None)]
    try:
        return parse_vkeys(line for text in texts for line in text.splitlines())
    except ValueError as error:
        raise click.UsageError(
            t(f"日志公钥无法使用: {error}", f"That is no log key: {error}")
        ) from None


def _read_policy(path: Path) -> Policy:
    try:
        return parse_policy(path.read_bytes())
    except PolicyWrong as wrong:
        raise click.UsageError(
            t(f"{path} 不是见证策略: {wrong.zh}", f"{path} is no policy: {wrong.en}")
        ) from None


def _read_authority(path: Path) -> "Authority":
    from kaipiao.evidence.timestamp import parse_authority

    try:
        return parse_authority(path.read_bytes())
    except ValueError as error:
        raise click.UsageError(
            t(
                f"{path} 中没有时间戳机构的根证书 (PEM): {error}",
                f"{path} holds no root certificate of an authority (PEM): {error}",
            )
        ) from None
