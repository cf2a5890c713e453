"""Nothing in the project leads back to the machine on which it was written."""

import re
import tempfile
from pathlib import Path

from tests.docs.files import ROOT, project_files

SHOP = ["-".join(words) for words in (("farm", "bench"),)]
"""Programs of the shop in which this was built.  Joined here, so as not to name them."""

HOMES = re.compile(r"(?<![\w.~}])/(work|root|home|Users)/\w")


def private_words() -> list[str]:
    """This machine's own folders; one that is only a slash or a name of Unix says nothing."""
    folders = {ROOT, ROOT.parent, Path.home(), Path(tempfile.gettempdir())}
    return [f"{folder}/" for folder in folders if len(folder.parts) > 1] + SHOP


def betrayals(path: Path) -> list[str]:
    text = path.read_bytes().decode("utf-8", errors="replace")
    home = HOMES.search(text)
    return [word for word in private_words() if word in text] + ([home[0]] if home else [])


def test_no_file_names_a_private_place() -> None:
    found = {str(path.relative_to(ROOT)): betrayals(path) for path in project_files()}

    assert {name: words for name, words in found.items() if words} == {}
