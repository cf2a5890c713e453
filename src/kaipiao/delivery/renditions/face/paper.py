"""The sheet of paper: its size, its lines and its type, in millimetres from the top left.

210 × 140 is the size of the digital invoices in the samples.  Heights are multiples of half a
millimetre, so that they add up exactly.
"""

WIDTH, HEIGHT = 210.0, 140.0
LEFT, RIGHT = 6.0, 204.0
TOP, BOTTOM = 28.0, 127.0
"""The box around everything but the head and the foot."""

PADDING = 1.0

BODY_SIZE, BODY_PITCH = 3.0, 4.0
"""Type of the lines, and from one line to the next."""

NUMBER_MIN_SIZE = 1.9
"""A number too wide for its column is set smaller, down to this, before it is broken."""

HEAD_HEIGHT = 6.0
"""The names of the columns."""

PARTY_MIN = 17.0
PARTY_SIZES = ((3.2, 5.0, 3), (2.4, 3.0, 99))
"""Type and pitch of the parties, and how many lines of a name it serves; longer: the smaller."""

LABEL_WIDTH = 6.0
"""The narrow column in which 购买方信息 stands upright."""

PARTY_WIDTH = (RIGHT - LEFT) / 2 - LABEL_WIDTH - 3.0

SUBTOTAL_HEIGHT, TOTAL_HEIGHT, WORDS_HEIGHT = 5.0, 6.0, 8.0

REMARK_SIZE, REMARK_PITCH, REMARK_MIN = 2.8, 3.5, 18.0
REMARK_WIDTH = RIGHT - LEFT - LABEL_WIDTH - 3.0
REMARK_LINES = (8, 4)
"""How many lines the box takes: beside parties in the larger type, and in the smaller."""


OVAL_WIDTH = 24.0
OVAL_SIZES = ((1, 2.9, 2.3), (2, 2.2, 1.6), (3, 1.7, 1.0))
"""Lines for the platform's name in the oval, the largest type for them, and the smallest."""


def party_height(name_lines: int, pitch: float) -> float:
    """The names, one line for the id, and some air."""
    return max(PARTY_MIN, name_lines * pitch + 8.0)


def remark_height(lines: int) -> float:
    return max(REMARK_MIN, lines * REMARK_PITCH + 2.0)
