"""What is compiled, and that nobody forgets to say so."""

from pathlib import Path

import kaipiao
from kaipiao.app.twins import TWINS

PACKAGE = Path(kaipiao.__file__).parent


def test_every_source_to_be_compiled_is_listed() -> None:
    sources = [path.relative_to(PACKAGE.parent) for path in PACKAGE.rglob("*.pyx")]
    names = sorted(".".join(path.with_suffix("").parts) for path in sources)

    assert names == sorted(TWINS)
    for name in names:
        assert (PACKAGE.parent / name.replace(".", "/")).with_suffix(".pyi").exists()
