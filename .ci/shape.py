"""``./run shape``: a mirror of sizes, room by room.  It shows and never fails."""

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

SOURCE = Path(__file__).resolve().parents[1] / "src/kaipiao"
SHOWN = 5


class Measure(NamedTuple):
    lines: int
    name: str


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def functions_of(path: Path) -> Iterator[Measure]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            yield Measure(lines, f"{path.relative_to(SOURCE)}:{node.lineno} {node.name}")


def measure(path: Path) -> tuple[Measure, list[Measure]]:
    """The file's size and its functions'; a file that does not parse today has none."""
    size = Measure(len(path.read_text("utf-8").splitlines()), str(path.relative_to(SOURCE)))
    try:
        return size, list(functions_of(path))
    except SyntaxError:
        return size, []


def main() -> None:
    rooms: dict[str, list[Path]] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        rooms.setdefault(room_of(path), []).append(path)

    print(f"{'room':12}{'files':>6}{'lines':>7}{'functions':>11}{'median':>8}{'longest':>9}  file")
    every_function: list[Measure] = []
    for room, paths in rooms.items():
        sizes, functions = zip(*map(measure, paths), strict=True)
        flat = [function for several in functions for function in several]
        every_function += flat
        middle = median(function.lines for function in flat) if flat else 0
        total, longest = sum(size.lines for size in sizes), max(sizes)
        print(
            f"{room:12}{len(paths):6}{total:7}{len(flat):11}{middle:8.0f}{longest.lines:9}"
            f"  {longest.name}"
        )

    print("\nlongest functions")
    for function in sorted(every_function, reverse=True)[:SHOWN]:
        print(f"{function.lines:6}  {function.name}")


if __name__ == "__main__":
    main()
