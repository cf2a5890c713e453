"""Cutting a stream of bytes into lines, whatever pieces it comes in."""

Cut = tuple[int, bytes | None]
"""A line's number, from 1, and the line; None where it was too long to be kept."""


class LineCutter:
    """Keeps at most one unfinished line of ``max_line_bytes``.  Blank lines are only counted."""

    def __init__(self, max_line_bytes: int) -> None:
        self._max = max_line_bytes
        self._rest = bytearray()
        self._too_long = False
        self._number = 0

    @property
    def kept_bytes(self) -> int:
        """Of the line that is not whole yet."""
        return len(self._rest)

    def feed(self, piece: bytes) -> list[Cut]:
        """The lines that ``piece`` completes."""
        first, *lines = piece.split(b"\n")
        self._extend(first)
        if not lines:
            return []
        cuts, last = self._cut(), lines.pop()
        number, most = self._number, self._max
        for line in lines:  # these lie in the piece as a whole
            number += 1
            if len(line) > most:
                cuts.append((number, None))
            elif line and not line.isspace():
                cuts.append((number, line))
        self._number = number
        self._extend(last)
        return cuts

    def end(self) -> list[Cut]:
        """The last line, if it did not end in a newline."""
        return self._cut() if self._rest or self._too_long else []

    def _extend(self, part: bytes) -> None:
        if self._too_long or len(self._rest) + len(part) > self._max:
            self._too_long = True
            self._rest.clear()
        else:
            self._rest += part

    def _cut(self) -> list[Cut]:
        self._number += 1
        content = None if self._too_long else bytes(self._rest)
        self._rest.clear()
        self._too_long = False
        is_blank = content is not None and not content.strip()
        return [] if is_blank else [(self._number, content)]
