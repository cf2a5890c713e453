"""The OpenAPI document says what is so: schemathesis tries to find anything else."""

import asyncio
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from kaipiao.app.render import open_workshop
from kaipiao.delivery.readers.room import ReadingRoom
from kaipiao.delivery.renditions.cache import RenditionCache
from kaipiao.delivery.renditions.desk import Renditions
from kaipiao.delivery.renditions.source import Imprint
from kaipiao.evidence.disk import LocalDisk
from kaipiao.evidence.published import PublishedLog
from kaipiao.evidence.writer import LogWriter
from kaipiao.gateway.limits import Limits
from kaipiao.seal.local import create_seal
from tests.conftest import Database
from tests.served import serve
from tests.unit.evidence.fakes import NOW, MemoryOrder, StoppedClock, make_signer, new_heads

HERE = Path(__file__).parent
PATIENT = Limits(anonymous_rate_per_s=10_000, anonymous_burst=10_000)
"""Verifying needs no key, so its many questions come as from a stranger."""


def publish_empty_log(folder: Path) -> str:
    signer = make_signer()
    with LogWriter(
        order=MemoryOrder([]),
        heads=new_heads(),
        disk=LocalDisk(folder),
        signer=signer,
        clock=StoppedClock(),
    ) as writer:
        asyncio.run(writer.advance())
    return str(signer.verifier)


@pytest.mark.parametrize("phases", ["examples,coverage", "fuzzing,stateful"])
def test_schemathesis_finds_nothing(database: Database, tmp_path: Path, phases: str) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    vkey = publish_empty_log(folder)
    create_seal(tmp_path / "secrets", "kaipiao.example/31-1", now=NOW)
    workshop = open_workshop(tmp_path / "secrets")
    behind = {
        "log_folder": folder,
        "log_vkey": vkey,
        "audit_folder": folder,
        "audit_vkey": vkey,
        "reading_room": ReadingRoom(),
        "renditions": Renditions(
            workshop=workshop,
            cache=RenditionCache(tmp_path / "renditions", limit_bytes=2**24),
            imprint=Imprint(platform="示例开票平台"),
            receipt_of=PublishedLog(folder).receipt,
        ),
    }
    with closing(workshop), serve(database.app, limits=PATIENT, **behind) as served:
        found = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli"),
                *("--config-file", HERE / "schemathesis.toml", "run"),
                f"{served.url}/openapi.json",
                *("-H", f"Authorization: Bearer {served.own_token}"),
                *("--phases", phases, "--max-examples", "15", "--workers", "1"),
                *("--seed", "1", "--generation-deterministic"),
                *("--suppress-health-check", "all", "--no-color"),
            ],
            cwd=tmp_path,
            env=os.environ
            | {
                "SCHEMATHESIS_HOOKS": "tests.journeys.schemathesis_hooks",
                "PYTHONPATH": str(HERE.parents[1]),
            },
            capture_output=True,
            text=True,
            timeout=240,
        )

    assert found.returncode == 0, found.stdout + found.stderr
