"""A description to test with, and its bundles put in place."""

from pathlib import Path

from kaipiao.app.bundles import make_bundles, put_in_place
from kaipiao.continuity.cluster.description import Description, read_description
from kaipiao.continuity.lab.three import compose_three

TEXT = compose_three("{folder}", name="zj", last='role = "vote"', more='log_signatures = "ed25519"')


def describe(folder: Path, text: str = TEXT) -> Description:
    path = folder / "cluster.toml"
    path.write_text(text.format(folder=folder / "c"), encoding="utf-8")
    return read_description(path)


def with_bundles(folder: Path) -> Description:
    description = describe(folder)
    make_bundles(description, folder / "bundles")
    put_in_place(description, folder / "bundles")
    return description
