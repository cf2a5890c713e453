"""A disk in memory that loses power: implements evidence.disk.Disk."""

from collections.abc import Sequence
from random import Random
from typing import Self

from kaipiao.evidence.disk import FolderBusy


class PowerCut(BaseException):
    """Not an Exception: nothing in the product may catch it, as nothing catches the real one."""


class FragileDisk:
    """A ``Disk`` in memory that keeps, over a power cut, only what it must.

    Of the rest it keeps what ``rng`` likes: contents that were not forced may be missing,
    short or whole; names that were not forced may be old or new.  ``fuse`` counts the acts
    until the power fails.
    """

    def __init__(self, rng: Random | None = None, *, fuse: int | None = None) -> None:
        self.fuse = fuse
        self.acts = 0
        self._rng = rng or Random(0)  # noqa: S311 - to be repeated, not to be secret
        self._content: list[bytes] = []  # by inode, as a reader sees it
        self._forced: set[int] = set()  # inodes whose content is on the platter
        self._names: dict[str, int] = {}
        self._forced_names: dict[str, int] = {}
        self._forced_folders: set[str] = set()
        self._locked = False

    def lock(self) -> None:
        if self._locked:
            raise FolderBusy("taken")
        self._locked = True

    def unlock(self) -> None:
        self._locked = False

    def read(self, name: str) -> bytes:
        try:
            return self._content[self._names[name]]
        except KeyError:
            raise FileNotFoundError(name) from None

    def write(self, name: str, content: bytes) -> None:
        self._content.append(b"")
        self._names[name] = len(self._content) - 1
        self._burn()
        self._content[-1] = content[: len(content) // 2]
        self._burn()
        self._content[-1] = content

    def rename(self, old: str, new: str) -> None:
        self._burn()
        self._names[new] = self._names.pop(old)

    def sync(self, names: Sequence[str]) -> None:
        for name in names:
            self._burn()
            if name in self._names:
                self._forced.add(self._names[name])
            else:
                self._force_folder(name)

    def drop_folder(self, name: str) -> None:
        for inside in [file for file in self._names if file.startswith(f"{name}/")]:
            self._burn()
            del self._names[inside]

    def names(self) -> list[str]:
        return sorted(self._names)

    def spoil(self, name: str, content: bytes | None) -> None:
        """What rust does: another content, or none."""
        if content is None:
            del self._names[name]
        else:
            self._content.append(content)
            self._names[name] = len(self._content) - 1

    def blank(self) -> Self:
        """Another disk of this kind with nothing on it."""
        return type(self)(self._rng)

    def after_power_cut(self) -> Self:
        """What is found when the power is back."""
        found = self.blank()
        for name in sorted({*self._names, *self._forced_names}):
            inode = self._rng.choice([self._names.get(name), self._forced_name(name)])
            if inode is not None:
                found._content.append(self._survives(inode))
                found._names[name] = len(found._content) - 1
        found._forced = set(found._names.values())
        found._forced_names = dict(found._names)
        found._forced_folders = {folder for name in found._names for folder in _above(name)}
        return found

    def _forced_name(self, name: str) -> int | None:
        """A name lasts only if every folder above it does."""
        lasts = self._forced_folders.issuperset(_above(name))
        return self._forced_names.get(name) if lasts else None

    def _survives(self, inode: int) -> bytes:
        content = self._content[inode]
        if inode in self._forced:
            return content
        return content[: self._rng.choice([0, len(content) // 3, len(content)])]

    def _force_folder(self, folder: str) -> None:
        """The names directly in it, of files and of folders, become durable; no others."""
        kept = {n: i for n, i in self._forced_names.items() if _parent(n) != folder}
        self._forced_names = kept | {n: i for n, i in self._names.items() if _parent(n) == folder}
        folders = {above for name in self._names for above in _above(name)}
        self._forced_folders |= {above for above in folders if _parent(above) == folder}

    def _burn(self) -> None:
        self.acts += 1
        if self.fuse is not None and self.acts >= self.fuse:
            raise PowerCut


def _parent(name: str) -> str:
    return name.rpartition("/")[0]


def _above(name: str) -> list[str]:
    """The folders above a file, without the root."""
    return [name[:at] for at, letter in enumerate(name) if letter == "/"]
