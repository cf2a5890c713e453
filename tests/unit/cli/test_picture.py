"""A picture reaches a terminal in its own way, whole, or the terminal is left alone."""

import base64
import io
import re

import pytest
from PIL import Image

from kaipiao.cli.picture import Way, encode_picture, way_of


def png_of(width: int = 220, height: int = 130) -> bytes:
    """A white picture with a red square."""
    picture = Image.new("RGB", (width, height), "white")
    picture.paste((200, 30, 30), (20, 20, 60, 60))
    out = io.BytesIO()
    picture.save(out, "png")
    return out.getvalue()


def draw_sixel(data: bytes) -> Image.Image:
    """A small terminal of our own: colours, bands, runs."""
    body = re.fullmatch(rb'\x1bPq"1;1;(\d+);(\d+)(.*)\x1b\\\n', data, re.DOTALL)
    assert body
    picture = Image.new("RGB", (int(body[1]), int(body[2])), "black")
    colors: dict[int, tuple[int, ...]] = {}
    color, x, y = 0, 0, 0
    token = re.compile(rb"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)(.)|([$-])|([?-~])", re.DOTALL)
    for found in token.finditer(body[3]):
        if found[1]:
            colors[int(found[1])] = tuple(round(int(found[at]) * 255 / 100) for at in (2, 3, 4))
        elif found[5]:
            color = int(found[5])
        elif found[8]:
            x, y = 0, y + 6 * (found[8] == b"-")
        else:
            count, bits = int(found[6] or 1), (found[7] or found[9])[0] - 63
            for column in range(x, x + count):
                for place in range(6):
                    if bits >> place & 1:
                        picture.putpixel((column, y + place), colors[color])
            x += count
    return picture


@pytest.mark.parametrize(
    ("environment", "way"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "xterm-ghostty", "TERM_PROGRAM": "ghostty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm"),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, "iterm"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "iterm"),
        ({"TERM": "foot"}, "sixel"),
        ({"TERM": "mlterm-256color"}, "sixel"),
        ({"TERM": "xterm-256color", "WT_SESSION": "x"}, "sixel"),
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "dumb", "KITTY_WINDOW_ID": "1"}, None),
        ({"TERM": "tmux-256color", "KITTY_WINDOW_ID": "1"}, None),
        ({"TERM": "xterm-kitty", "TMUX": "/run/tmux"}, None),
        ({}, None),
    ],
)
def test_a_terminal_is_known_by_its_environment(
    environment: dict[str, str], way: Way | None
) -> None:
    assert way_of(environment) == way


def test_kitty_gets_every_byte_in_chunks_it_takes() -> None:
    png = png_of() + bytes(10_000)
    chunks = re.findall(rb"\x1b_G([^;]*);([^\x1b]*)\x1b\\", encode_picture(png, "kitty", 80))

    assert base64.b64decode(b"".join(chunk for _, chunk in chunks)) == png
    assert all(len(chunk) <= 4096 for _, chunk in chunks)
    assert chunks[0][0] == b"a=T,f=100,c=80,m=1"
    assert [about[-3:] for about, _ in chunks] == [b"m=1"] * (len(chunks) - 1) + [b"m=0"]


def test_iterm_gets_every_byte_at_once() -> None:
    png = png_of()
    found = re.fullmatch(rb"\x1b\]1337;File=([^:]*):(.*)\a\n", encode_picture(png, "iterm", 200))

    assert found
    assert base64.b64decode(found[2]) == png
    assert b"width=110" in found[1]


def test_sixel_draws_the_same_picture() -> None:
    drawn = draw_sixel(encode_picture(png_of(), "sixel", 22))

    assert drawn.size == (220, 130)
    assert all(value >= 250 for value in drawn.getpixel((5, 125)))  # type: ignore[union-attr]
    assert drawn.getpixel((40, 40))[0] in range(190, 211)  # type: ignore[index]
    assert drawn.getpixel((40, 40))[1] in range(20, 41)  # type: ignore[index]
