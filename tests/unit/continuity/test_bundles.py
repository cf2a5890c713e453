"""Every member holds the same secrets, made once."""

from pathlib import Path

import pytest

from kaipiao.app.bundles import BundlesDiffer, make_bundles, put_in_place
from kaipiao.app.node import cell_environment
from kaipiao.cli.main import run
from tests.unit.continuity.clusters import TEXT, describe

OWN = "secrets/tls/member.pem"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_all_bundles_are_the_same_and_nobody_else_can_read_them(tmp_path: Path) -> None:
    one, *others = make_bundles(describe(tmp_path), tmp_path / "bundles")

    assert {"secrets/first-api-key", "secrets/log.key", "secrets/audit/log.key"} < set(
        contents(one)
    )
    same = {name: said for name, said in contents(one).items() if name != OWN}
    for other in others:
        assert contents(other).pop(OWN) != contents(one)[OWN], "each shows who it is"
        assert {n: said for n, said in contents(other).items() if n != OWN} == same
    secret = [path for path in one.rglob("*") if path.suffix not in (".vkey", ".crt", ".origins")]
    assert [path for path in secret if path.stat().st_mode & 0o077] == []


def test_made_again_they_stay_what_they_were(tmp_path: Path) -> None:
    cluster = describe(tmp_path)
    before = [contents(bundle) for bundle in make_bundles(cluster, tmp_path / "bundles")]

    assert [contents(bundle) for bundle in make_bundles(cluster, tmp_path / "bundles")] == before


def test_a_member_with_other_secrets_is_not_overwritten(tmp_path: Path) -> None:
    cluster = describe(tmp_path)
    make_bundles(cluster, tmp_path / "bundles")
    put_in_place(cluster, tmp_path / "bundles")
    key = cluster.folder / "n2" / "cell" / "secrets" / "first-api-key"
    key.write_text("another")

    with pytest.raises(BundlesDiffer, match="first-api-key"):
        put_in_place(cluster, tmp_path / "bundles")
    assert key.read_text() == "another"


def test_no_variable_of_the_host_changes_one_members_cell(tmp_path: Path) -> None:
    cluster = describe(tmp_path)
    ours = {"PATH": "/bin", "KAIPIAO_AREA": "11", "KAIPIAO_WORKERS": "9", "PGPASSWORD": "x"}

    environ = cell_environment(cluster, cluster.member("n1"), ours)

    assert environ["KAIPIAO_AREA"] == "33"
    assert environ["KAIPIAO_WORKERS"] == "1"
    assert environ["KAIPIAO_DSN"].startswith("postgresql://kaipiao_app@127.0.0.1:5000/kaipiao?")
    assert "PGPASSWORD" not in environ


def test_a_member_without_its_bundle_is_told_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = describe(tmp_path).file

    code = run(["--lang", "en", "node", "up", "--member", "n1", str(file)])

    assert code == 2
    assert "kaipiao cluster init" in capsys.readouterr().err


def test_a_wrong_setting_is_found_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = describe(tmp_path, TEXT.replace("workers = 1", "workers = 1000")).file

    assert run(["--lang", "en", "node", "up", "--member", "n1", str(file)]) == 2
    assert "workers" in capsys.readouterr().err
    assert not (tmp_path / "c").exists()
