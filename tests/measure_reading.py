"""Reads files one after the other in a process of its own, and measures each.

    python tests/measure_reading.py FOLDER        one line of JSON a file

``peak_mb`` is the highest resident memory of the whole process while it read (VmHWM, set back
before each), so it includes the interpreter; ``cpu_s`` is processor time.  Linux only.
"""

import gc
import json
import re
import sys
import time
from pathlib import Path

from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.bounds import bounded
from kaipiao.delivery.readers.report import is_false, read_report

STATUS = Path("/proc/self/status")


def peak_mb() -> float:
    found = re.search(r"VmHWM:\s*(\d+) kB", STATUS.read_text())
    assert found
    return int(found[1]) / 1024


def measure(path: Path) -> dict[str, object]:
    data = path.read_bytes()
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # from here on a new peak
    began, began_cpu = time.monotonic(), time.process_time()
    try:
        with bounded():
            outcome = "false" if is_false(read_report(data)) else "read"
            said = zh = ""
    except Unreadable as refusal:
        outcome, said, zh = "refused", str(refusal), refusal.zh
    return {
        "file": path.name,
        "outcome": outcome,
        "said": said,
        "zh": zh,
        "cpu_s": round(time.process_time() - began_cpu, 3),
        "wall_s": round(time.monotonic() - began, 3),
        "peak_mb": round(peak_mb(), 1),
    }


if __name__ == "__main__":
    for file in sorted(Path(sys.argv[1]).iterdir()):
        print(json.dumps(measure(file), ensure_ascii=False), flush=True)
