"""The little Markdown that the generated pages need."""


def row(*cells: object) -> str:
    """One line of a table; a bar inside a cell would end it, so it is escaped."""
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |\n"
