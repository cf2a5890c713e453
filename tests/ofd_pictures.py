"""Draws the pages of an OFD as a viewer would, from nothing but the file: for looking at them.

An independent reading of the few objects that we write (GB/T 33190): it knows no face and no
layout, embeds nothing, and draws what the parts say, in their order.
"""

import io
import posixpath
import zipfile
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, fromstring

from PIL import Image, ImageDraw, ImageFont

OFD = "{http://www.ofdspec.org/2016}"
Point = tuple[float, float]


class Viewer:
    """One file, open.  ``scale`` is pixels a millimetre."""

    def __init__(self, data: bytes, scale: float = 6.0) -> None:
        self._zip = zipfile.ZipFile(io.BytesIO(data))
        self.scale = scale
        self.document = self._tree("Doc_0/Document.xml")
        resources = self._tree("Doc_0/PublicRes.xml")
        font = resources.find(f"{OFD}Fonts/{OFD}Font/{OFD}FontFile")
        base = posixpath.join("Doc_0", resources.get("BaseLoc", ""))
        assert font is not None
        self.font = self._zip.read(posixpath.join(base, font.text or ""))

    @property
    def places(self) -> list[str]:
        """The paths of the pages, in order."""
        pages = self.document.findall(f"{OFD}Pages/{OFD}Page")
        return [posixpath.join("Doc_0", page.get("BaseLoc", "")) for page in pages]

    def draw(self, at: int) -> Image.Image:
        """One page; -1 is the last."""
        box = self.document.findtext(f".//{OFD}PhysicalBox") or ""
        width, height = (round(float(side) * self.scale) for side in box.split()[2:])
        image = Image.new("RGB", (width, height), "white")
        pen, tree = ImageDraw.Draw(image), self._tree(self.places[at])
        templates = {
            template.get("ID"): posixpath.join("Doc_0", template.get("BaseLoc", ""))
            for template in self.document.iter(f"{OFD}TemplatePage")
        }
        for used in tree.findall(f"{OFD}Template"):
            self._layers(pen, self._tree(templates[used.get("TemplateID")]))
        self._layers(pen, tree)
        return image

    def _tree(self, path: str) -> Element:
        return fromstring(self._zip.read(path))

    def _layers(self, pen: Any, page: Element) -> None:
        for thing in page.iterfind(f"{OFD}Content/{OFD}Layer/*"):
            {"TextObject": self._text, "PathObject": self._path}[thing.tag.removeprefix(OFD)](
                pen, thing
            )

    def _text(self, pen: Any, thing: Element) -> None:
        left, top = _numbers(thing.get("Boundary"))[:2]
        size = float(thing.get("Size", "")) * self.scale
        font = ImageFont.truetype(io.BytesIO(self.font), size)
        for code in thing.iterfind(f"{OFD}TextCode"):
            x, y = left + float(code.get("X", "0")), top + float(code.get("Y", "0"))
            text = code.text or ""
            steps = [*expand_steps(code.get("DeltaX", "")), 0.0]
            assert len(steps) == len(text), text
            for character, step in zip(text, steps, strict=True):
                pen.text(
                    (x * self.scale, y * self.scale),
                    character,
                    _color(thing, "FillColor"),
                    font,
                    "ls",
                )
                x += step

    def _path(self, pen: Any, thing: Element) -> None:
        left, top = _numbers(thing.get("Boundary"))[:2]
        for outline in outlines_of(thing.findtext(f"{OFD}AbbreviatedData") or ""):
            points = [((left + x) * self.scale, (top + y) * self.scale) for x, y in outline]
            if thing.get("Fill") == "true":
                (x1, y1), (x2, y2) = points[0], points[2]
                pen.rectangle(
                    (round(x1), round(y1), round(x2) - 1, round(y2) - 1), _color(thing, "FillColor")
                )
            if thing.get("Stroke", "true") == "true":
                width = max(1, round(float(thing.get("LineWidth", "")) * self.scale))
                pen.line(points, _color(thing, "StrokeColor"), width)


def _numbers(text: str | None) -> list[float]:
    return [float(word) for word in (text or "").split()]


def _color(thing: Element, name: str) -> tuple[int, ...]:
    found = thing.find(f"{OFD}{name}")
    return (0, 0, 0) if found is None else tuple(map(int, (found.get("Value") or "0 0 0").split()))


def expand_steps(text: str) -> Iterator[float]:
    """DeltaX: ``g 3 2.5`` is three steps of 2.5."""
    words = iter(text.split())
    for word in words:
        if word == "g":
            count, step = int(next(words)), float(next(words))
            yield from [step] * count
        else:
            yield float(word)


def outlines_of(data: str) -> Iterator[list[Point]]:
    """The subpaths of an AbbreviatedData as points; curves in 24 steps."""
    words, outline = iter(data.split()), list[Point]()
    for word in words:
        if word == "M":
            if outline:
                yield outline
            outline = [(float(next(words)), float(next(words)))]
        elif word == "L":
            outline.append((float(next(words)), float(next(words))))
        elif word == "B":
            ends = [(float(next(words)), float(next(words))) for _ in range(3)]
            outline += _bezier(outline[-1], *ends)
        elif word == "C":
            outline.append(outline[0])
        else:
            raise ValueError(f"we do not write {word}")
    if outline:
        yield outline


def _bezier(a: Point, b: Point, c: Point, d: Point) -> list[Point]:
    points = []
    for step in range(1, 25):
        t = step / 24
        parts = ((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t * t, t**3)
        points.append(
            (
                sum(w * p[0] for w, p in zip(parts, (a, b, c, d), strict=True)),
                sum(w * p[1] for w, p in zip(parts, (a, b, c, d), strict=True)),
            )
        )
    return points
