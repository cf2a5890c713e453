"""The generated pages of ``docs/reference``: ``./run docs`` writes them, a test compares them.

Each module in ``pages`` is one page: its ``render()`` returns Markdown, its name is the page's.
"""

import importlib
import pkgutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = Path(__file__).parent / "pages"
REFERENCE = ROOT / "docs/reference"
HEAD = "<!-- Generated from the code. Do not edit; type: ./run docs -->\n\n"


def page_names() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules([str(PAGES)]))


def render_page(name: str) -> str:
    page = importlib.import_module(f"tests.docs.pages.{name}")
    text: str = page.render()
    return HEAD + text.rstrip("\n") + "\n"


def path_of(name: str) -> Path:
    return REFERENCE / f"{name}.md"


def main() -> None:
    REFERENCE.mkdir(exist_ok=True)
    for name in page_names():
        path_of(name).write_text(render_page(name), "utf-8")
        print(path_of(name).relative_to(ROOT))


if __name__ == "__main__":
    main()
