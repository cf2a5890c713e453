"""What processes cost is counted, also of those that have ended meanwhile."""

import os
import subprocess
import sys
from pathlib import Path

from bench.processes import TICK_S, below, bytes_in, cpu_by_role, ending, start

BURN = "import time\nwhile time.process_time() < {0}: pass\n"


def test_a_child_and_a_buried_grandchild_are_both_counted() -> None:
    grandchild = BURN.format(0.3)
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}])\n"
    code += BURN.format(0.3) + "print('done', flush=True)\nsys.stdin.read()"
    child = start(sys.executable, "-c", code, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with ending(child):
        assert child.stdout
        child.stdout.readline()
        spent_s = cpu_by_role(child.pid)["server"]

    assert 0.6 - 2 * TICK_S <= spent_s < 1.5


def test_below_finds_children_of_children() -> None:
    code = "import subprocess; subprocess.run(['sleep', '30'])"
    with ending(start(sys.executable, "-c", code)) as child:
        while not any(seen.name == "sleep 30" for seen in below(child.pid)):
            assert child.poll() is None
        sleeper = next(seen.pid for seen in below(child.pid) if seen.name == "sleep 30")
    os.kill(sleeper, 9)


def test_nothing_of_ours_reaches_a_child_but_what_it_is_given() -> None:
    code = "import os; print(sorted(n for n in os.environ if n.startswith(('KAIPIAO', 'BENCH'))))"
    os.environ["KAIPIAO_PORT"] = "1"
    try:
        child = start(sys.executable, "-c", code, env={"BENCH_DSN": "x"}, stdout=subprocess.PIPE)
    finally:
        del os.environ["KAIPIAO_PORT"]

    assert child.communicate()[0] == b"['BENCH_DSN']\n"


def test_bytes_in_a_folder_are_those_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    for folder in (tmp_path, tmp_path / "inner"):
        (folder / "file").write_bytes(bytes(1_000))

    assert bytes_in(tmp_path) == 2_000
