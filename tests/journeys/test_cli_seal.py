"""A cell with a vendor elsewhere, as its operator meets both: files, commands, processes."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.journeys.cells import KAIPIAO, Cell, environment, kaipiao, running, wait_until
from tests.strategies import SELLER, make_draft


class VendorProcess:
    """``kaipiao seal vendor up``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [KAIPIAO, "seal", "vendor", "up", str(folder), "--port", "0"],
            stdout=subprocess.PIPE,
            text=True,
            env=environment(PYTHONUNBUFFERED="1"),
        )
        assert self.process.stdout is not None
        self.process.stdout.readline()
        told = self.process.stdout.readline()
        self.entry: dict[str, Any] = json.loads(told[told.index("{") :])

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VendorProcess]:
    started = VendorProcess(tmp_path_factory.mktemp("vendors") / "acme")
    yield started
    started.stop()


@pytest.fixture(scope="module")
def cell(tmp_path_factory: pytest.TempPathFactory, vendor: VendorProcess) -> Iterator[Cell]:
    folder = tmp_path_factory.mktemp("cells")
    folder.chmod(0o755)
    write_roster(folder / "cell", vendor.entry | {"timeout_ms": 1_000})
    with running(folder / "cell") as started:
        started.run("credit", "grant", SELLER.taxpayer_id, "1000000")
        yield started


def write_roster(folder: Path, *vendors: dict[str, Any]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "vendors.json").write_text(json.dumps({"vendors": vendors}))


def issue(cell: Cell, key: str) -> str:
    with cell.http() as http:
        answer = http.post(
            "/v1/invoices",
            content=msgspec.json.encode(make_draft(1)),
            headers={"idempotency-key": key, "content-type": "application/json"},
        )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["number"])


def state(cell: Cell, number: str) -> str:
    with cell.http() as http:
        return str(http.get(f"/v1/invoices/{number}/seal").json()["state"])


def test_what_is_issued_is_sealed_shown_saved_and_verified_offline(
    cell: Cell, vendor: VendorProcess, tmp_path: Path
) -> None:
    number, saved, receipt = issue(cell, "s-1"), tmp_path / "seal.json", tmp_path / "receipt"
    wait_until(lambda: state(cell, number) == "sealed", 20, "it is not sealed")

    shown = cell.run("seal", "show", number, "-o", saved)
    assert "sealed by acme" in shown.stdout
    assert "sealed by acme" in cell.run("show", number).stdout
    receipt.write_text(cell.run("receipt", number).stdout)
    pins = ("--certificate", vendor.entry["certificate"], "--receipt", receipt)
    good = kaipiao("seal", "verify", saved, *pins)
    assert (good.returncode, "genuine" in good.stdout) == (0, True), good.stdout + good.stderr
    assert kaipiao("seal", "verify", saved).returncode == 0

    forged = json.loads(saved.read_text())
    forged["statement"] = forged["statement"].replace(number, number[:-1] + "9")
    forged["number"] = number[:-1] + "9"
    saved.write_text(json.dumps(forged))
    bad = kaipiao("seal", "verify", saved, *pins, "--json")
    assert bad.returncode == 1
    assert json.loads(bad.stdout)["why"] == ["not-signed"]
    assert kaipiao("seal", "verify", saved, "--key-id", "0" * 64).returncode == 1
    assert kaipiao("seal", "verify", receipt).returncode == 2


def test_another_invoices_seal_does_not_pass_for_this_receipt(cell: Cell, tmp_path: Path) -> None:
    one, other = issue(cell, "s-2"), issue(cell, "s-3")
    saved, receipt = tmp_path / "seal.json", tmp_path / "receipt"
    wait_until(lambda: state(cell, one) == "sealed", 20, "it is not sealed")
    cell.run("seal", "show", one, "-o", saved)
    receipt.write_text(cell.run("receipt", other).stdout)

    found = kaipiao("seal", "verify", saved, "--receipt", receipt, "--json")

    assert found.returncode == 1
    assert json.loads(found.stdout)["why"] == ["other-leaf", "other-place"]


def test_with_the_vendor_dead_and_a_sealer_killed_invoices_are_issued_and_sealed_later(
    cell: Cell, vendor: VendorProcess
) -> None:
    (vendor.folder / "behaviour").write_text("dead")
    number = issue(cell, "s-4")
    [sealer] = cell.children("kaipiao.app.seal")
    os.kill(sealer, signal.SIGKILL)
    wait_until(lambda: status(cell)["unsealed"] >= 1, 20, "nobody counts what waits")
    assert cell.run("seal", "show", number).returncode == 1
    wait_until(lambda: cell.children("kaipiao.app.seal") not in ([], [sealer]), 20, "it is gone")
    (vendor.folder / "behaviour").write_text("honest")

    wait_until(lambda: state(cell, number) == "sealed", 40, "it is stuck")
    wait_until(lambda: nothing_waits(cell), 20, "it is sealed, and counted as waiting")


def nothing_waits(cell: Cell) -> bool:
    """By one answer: another process may remember an older one for a moment."""
    told = status(cell)
    return told["unsealed"] == 0 and told["oldest_unsealed_s"] is None


def status(cell: Cell) -> dict[str, Any]:
    time.sleep(0.2)
    with cell.http() as client:
        told: dict[str, Any] = client.get("/v1/status").json()
    return told


def test_a_vendor_is_distrusted_and_trusted_by_name(cell: Cell) -> None:
    number = issue(cell, "s-5")
    wait_until(lambda: state(cell, number) == "sealed", 20, "it is not sealed")
    assert cell.run("seal", "distrust", "acme", "--why", "key stolen").returncode == 0
    shown = cell.run("seal", "show", number)
    assert (shown.returncode, "to be sealed again" in shown.stdout) == (1, True)
    cards = cell.run("seal", "vendors").stdout
    assert "key stolen" in cards
    assert "Ed25519" in cards
    assert cell.run("seal", "trust", "acme").returncode == 0
    wait_until(lambda: state(cell, number) == "sealed", 20, "it is stuck")
    assert cell.run("seal", "distrust", "nobody", "--why", "x").returncode == 1


def test_a_wrong_roster_stops_the_start_and_names_every_fault(scratch: Path) -> None:
    write_roster(scratch / "cell", {"name": "a", "kind": "http"}, {"name": "b", "kind": "ink"})

    done = kaipiao("up", "--data", scratch / "cell", "--port", "0")

    assert done.returncode == 2
    for fault in ("url is missing", "secret is missing", "certificate is missing", "vendors[1]"):
        assert fault in done.stderr


def test_a_cell_without_vendors_runs_no_sealer_and_counts_nothing(scratch: Path) -> None:
    with running(scratch / "cell") as cell:
        assert cell.children("kaipiao.app.seal") == []
        assert status(cell)["unsealed"] is None
        assert "seal-vendors.md" in cell.run("seal", "vendors").stdout


def test_a_sealer_elsewhere_makes_no_key_of_its_own(tmp_path: Path) -> None:
    write_roster(tmp_path, {"name": "own", "kind": "ed25519"})

    done = kaipiao(
        "seal", "run", env={"KAIPIAO_DSN": "postgresql://x", "KAIPIAO_DATA": str(tmp_path)}
    )

    assert done.returncode == 2
    assert "seal-ed25519.pem is missing" in done.stderr
    assert not (tmp_path / "secrets").exists()
