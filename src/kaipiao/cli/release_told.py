"""Where a release is asked for, one cell or a cluster's members, and how its steps are told."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kaipiao.cli import exits
from kaipiao.cli.language import t
from kaipiao.cli.terminal import say, say_json, say_table, warn

if TYPE_CHECKING:
    from kaipiao.app.folder import CellFolder
    from kaipiao.app.release_door import Request
    from kaipiao.continuity.release.current import Current
    from kaipiao.continuity.release.said import Said
    from kaipiao.continuity.release.stand import Stand
    from kaipiao.continuity.release.walk import Walk


def folder_of(data: str | None) -> "CellFolder":
    from kaipiao.app.folder import CellFolder
    from kaipiao.app.settings import load_settings

    return CellFolder(load_settings({"data": data}, os.environ).data)


def ask_cell(folder: "CellFolder", request: "Request", *, as_json: bool) -> None:
    """Show every step; exits 1 if the answer is no."""
    from kaipiao.app.release_door import ask

    tell(ask(folder.release_door, request), as_json=as_json)


def walk_of(file: Path, by: str, without: Sequence[str]) -> "Walk":
    """From member to member of the description; of a lab, from the client's place."""
    from kaipiao.cli.cluster_reach import inside
    from kaipiao.continuity.release.reach import Reach
    from kaipiao.continuity.release.walk import Walk

    description = inside(file)
    return Walk(description, Reach(description, by=by), without=without)


def tell(steps: Iterable["Said"], *, as_json: bool) -> None:
    """Show every step; exits 1 if the answer is no."""
    for said in _with_refusal(steps) if as_json else steps:
        if as_json:
            say_json(said)
        else:
            where = f"{said.member}: " if said.member else ""
            (warn if said.is_refused else say)(where + t(said.zh, said.en))
        if said.is_refused:
            raise click.exceptions.Exit(exits.NO)


def _with_refusal(steps: Iterable["Said"]) -> Iterator["Said"]:
    """A script reads the answer no where it reads the steps."""
    from kaipiao.continuity.release.current import ReleaseRefused
    from kaipiao.continuity.release.said import no

    try:
        yield from steps
    except ReleaseRefused as refused:
        yield no(refused.zh, refused.en)


def tell_stands(stands: Sequence["Stand"], *, as_json: bool) -> None:
    """How each member stands, in the order of their turns."""
    if as_json:
        say_json([_as_json(one) for one in stands])
        return
    head = (t("成员", "MEMBER"), t("发布", "RELEASE"), t("单元", "CELL"), t("程序", "PROGRAM"))
    say_table([head, *map(_row, stands)])


def _as_json(one: "Stand") -> dict[str, object]:
    import msgspec

    return {**msgspec.structs.asdict(one), "state": one.state}


def _row(one: "Stand") -> tuple[str, str, str, str]:
    if one.trouble is not None:
        return one.member, "?", t("没有应答", "not heard"), one.trouble
    cell = t("运行", "runs") if one.runs else t("没有运行", "does not run")
    if one.leads:
        cell += t(", 写日志", ", writes the log")
    states = {"none": ("无", "none"), "settled": ("完成", "finished"), "open": ("未完成", "open")}
    state = states.get(one.state, ("完成中", "finishing"))
    program = str(one.current.program) if one.current else "-"
    return one.member, t(*state), cell, program


def tell_current(current: "Current") -> str:
    since = f"{current.since:%Y-%m-%d %H:%M} UTC" if current.since else "?"
    line = t(f"当前程序 {current.program}, 自 {since}。", f"{current.program} since {since}.")
    if current.state == "finishing":
        return line + t(
            "\npost 迁移尚未做完; 请再次执行 kaipiao release finish --yes。",
            "\nIts post migrations are not done: type kaipiao release finish --yes again.",
        )
    if current.before is None:
        return line + t("\n没有未完成的发布。", "\nNo release is open.")
    line += t(
        f"\n发布未完成; 可回退到 {current.before}: kaipiao release rollback。",
        f"\nIts release is open; the way back to {current.before}: kaipiao release rollback.",
    )
    if current.finish_after:
        at = f"{current.finish_after:%Y-%m-%d %H:%M} UTC"
        line += t(
            f"\n若不再出故障, {at} 自动完成。",
            f"\nIt finishes by itself at {at}, unless there is a fault before.",
        )
    return line
