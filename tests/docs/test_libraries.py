"""Every library that we lean on has its reason written down, and no reason outlives its library."""

import re
import tomllib

from packaging.requirements import Requirement

from tests.docs.files import ROOT

RECORD = ROOT / "docs/decisions/0002-libraries.md"


def test_every_library_has_its_line_and_every_line_its_library() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"].values()
    groups = [*project["dependency-groups"].values(), *extras]
    asked = [*project["project"]["dependencies"], *(text for group in groups for text in group)]
    explained = re.findall(r"^\| ([a-z][\w\-]*) \|", RECORD.read_text("utf-8"), flags=re.MULTILINE)

    assert sorted(name for name in explained if name != "library") == sorted(
        Requirement(text).name for text in asked
    )
