"""A cell starts with a policy that can be used, or says all that is wrong with it."""

from pathlib import Path

import pytest

from kaipiao.app.settings import Settings, SettingsWrong
from kaipiao.app.witnessing import WitnessedLog, authority_of, check_witnessing, witnessing_of
from kaipiao.evidence.cosigning.memory import MemoryFile, Remembered
from tests.authority import LocalAuthority
from tests.clocks import StoppedClock
from tests.unit.evidence.fakes import NOW, MemoryNotes, MemoryOrder
from tests.unit.evidence.witnessed import SIGNER, policy_text

KEY = SIGNER.verifier
POLICY = policy_text(2, ["bureau", "auditor"])


def settings(folder: Path, **more: object) -> Settings:
    return Settings(data=str(folder), **more)  # type: ignore[arg-type]


def watched(folder: Path) -> WitnessedLog:
    memory = MemoryFile(folder / "memory")
    memory.write(Remembered())
    return WitnessedLog(folder / "log", SIGNER, MemoryOrder(), memory, MemoryNotes())


async def test_without_a_policy_nothing_changes(tmp_path: Path) -> None:
    check_witnessing(settings(tmp_path), KEY)
    log = watched(tmp_path)
    async with witnessing_of(settings(tmp_path), log, StoppedClock(NOW)) as witnessing:
        assert witnessing is None
    assert not log.memory.path.exists(), "what was remembered of former witnesses is forgotten"


async def test_a_policy_in_the_data_folder_is_found_and_one_elsewhere_by_its_path(
    tmp_path: Path,
) -> None:
    (tmp_path / "witness-policy").write_bytes(POLICY)
    (tmp_path / "other").write_bytes(b"quorum none\n")
    log = watched(tmp_path)
    async with witnessing_of(settings(tmp_path), log, StoppedClock(NOW)) as witnessing:
        assert witnessing is not None
        assert witnessing.first is not None
    skips = settings(tmp_path, witness_start="skip")
    async with witnessing_of(skips, log, StoppedClock(NOW)) as witnessing:
        assert witnessing is not None
        assert witnessing.first is None
    elsewhere = settings(tmp_path, witness_policy="other")
    async with witnessing_of(elsewhere, log, StoppedClock(NOW)) as witnessing:
        assert witnessing is None


def test_what_is_wrong_is_told_in_both_languages_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "witness-policy").write_bytes(b"witness a\nquorum b\n")
    with pytest.raises(SettingsWrong) as wrong:
        check_witnessing(settings(tmp_path), KEY)
    assert "line 1" in wrong.value.en
    assert "line 2" in wrong.value.en
    assert "第 1 行" in wrong.value.zh

    with pytest.raises(SettingsWrong, match="No such file"):
        check_witnessing(settings(tmp_path, witness_policy="nowhere"), KEY)


def test_a_policy_about_other_logs_is_not_this_cells(tmp_path: Path) -> None:
    other = policy_text(1, ["bureau"], log="kaipiao.localhost/x+e7cc9dc6+AbSb")
    (tmp_path / "witness-policy").write_bytes(other)
    with pytest.raises(SettingsWrong):
        check_witnessing(settings(tmp_path), KEY)
    (tmp_path / "witness-policy").write_bytes(policy_text(1, ["bureau"], log=str(KEY)))
    check_witnessing(settings(tmp_path), KEY)


def test_an_authority_needs_witnesses_and_a_root(tmp_path: Path) -> None:
    asked = {"tsa_url": "http://127.0.0.1:9/tsr"}
    with pytest.raises(SettingsWrong, match="policy first"):
        authority_of(settings(tmp_path, **asked))
    (tmp_path / "witness-policy").write_bytes(POLICY)
    with pytest.raises(SettingsWrong, match="tsa_certificate"):
        authority_of(settings(tmp_path, **asked))
    root = LocalAuthority(tmp_path).root
    assert authority_of(settings(tmp_path, **asked, tsa_certificate=str(root))) is not None
    assert authority_of(settings(tmp_path)) is None
