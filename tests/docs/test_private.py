"""Nothing in the project leads back to the machine on which it was written."""

import re
import tempfile
from pathlib import Path

import pytest
from tests.docs.files import ROOT, project_files

SHOP = ["-".join(words) for words in (("farm", "bench"),)]
"""Programs of the shop in which this was built.  Joined here, so as not to name them."""

HOMES = re.compile(r"(?<![\w.~}])/(work|root|home|Users)/\w")


def private_words() -> list[str]:
    """This machine's own folders; one that is only a slash or a name of Unix says nothing."""
    folders = {ROOT, ROOT.parent, Path.home(), Path(tempfile.gettempdir())}
    return [f"{folder}/" for folder in folders if len(folder.parts) > 1] + SHOP


@pytest.mark.parametrize("path", list(project_files()), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_names_no_private_place(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", errors="replace")

    assert [word for word in private_words() if word in text] == []
    assert not HOMES.search(text)
