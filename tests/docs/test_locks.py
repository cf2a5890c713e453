"""pyproject, uv's lock and pip's lock say the same, and every file is known by its hash."""

import re
import tomllib
from typing import Any, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.docs.files import ROOT


class Pin(NamedTuple):
    version: str
    hashes: frozenset[str]


def toml(name: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / name).read_text("utf-8"))


def packages() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = toml("uv.lock")["package"]
    return found


def uv_pins() -> dict[str, Pin]:
    return {
        package["name"]: Pin(package["version"], frozenset(hashes_of(package)))
        for package in packages()
        if "registry" in package["source"]
    }


def hashes_of(package: dict[str, Any]) -> list[str]:
    files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
    return [file["hash"] for file in files]


def pip_pins() -> dict[str, Pin]:
    """Of all of pip's files: the plain one, and what only some commands add."""
    files = [f"requirements{more}.lock" for more in ("", "-bench", "-cluster")]
    text = "\n".join((ROOT / name).read_text("utf-8") for name in files).replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    pins = {}
    for line in lines:
        name, version = re.match(r"([\w.\-]+)==([\w.+]+)", line).groups()  # type: ignore[union-attr]
        pins[name] = Pin(version, frozenset(re.findall(r"--hash=(\S+)", line)))
    return pins


def asked_for() -> list[Requirement]:
    project = toml("pyproject.toml")
    groups = project["dependency-groups"].values()
    extras = project["project"]["optional-dependencies"].values()
    more = [text for group in (*groups, *extras) for text in group]
    texts = [*project["project"]["dependencies"], *more]
    return [Requirement(text) for text in texts]


def test_both_locks_name_the_same_versions_and_files() -> None:
    assert pip_pins() == uv_pins(), "type: ./run lock"


def test_whatever_is_installed_is_known_by_its_hash() -> None:
    assert [name for name, pin in uv_pins().items() if not pin.hashes] == []


def test_what_we_ask_for_is_locked_at_a_version_that_fits() -> None:
    pins = uv_pins()
    for wanted in asked_for():
        pin = pins[canonicalize_name(wanted.name)]
        assert wanted.specifier.contains(pin.version), f"{wanted} is locked at {pin.version}"


def test_the_lock_was_made_from_this_very_pyproject() -> None:
    """uv notes what it was asked: a line that was changed and not locked shows here."""
    us = next(package for package in packages() if package["name"] == "kaipiao")
    metadata = us["metadata"]
    noted = [*metadata["requires-dist"]]
    for group in metadata["requires-dev"].values():
        noted += group

    assert {(n["name"], n.get("specifier", "")) for n in noted} == {
        (canonicalize_name(wanted.name), str(wanted.specifier)) for wanted in asked_for()
    }, "type: ./run lock"
    assert (
        toml("uv.lock")["requires-python"] == toml("pyproject.toml")["project"]["requires-python"]
    )


def test_nothing_comes_from_a_private_place() -> None:
    sources = {str(package["source"]) for package in packages() if package["name"] != "kaipiao"}

    assert sources == {"{'registry': 'https://pypi.org/simple'}"}
