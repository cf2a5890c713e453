"""A published log in memory: the very files that a cell's writer makes, by their names."""

from collections.abc import Sequence
from pathlib import Path

from kaipiao.evidence.checkpoint import CHECKPOINT_NAME, Checkpoint, compose_checkpoint
from kaipiao.evidence.edge import Edge, grow
from kaipiao.evidence.note import compose_note
from tests.unit.evidence.fakes import ORIGIN, make_leaves, make_signer

SIGNER = make_signer()
KEY = SIGNER.verifier


class PublishedFiles:
    """``sizes`` are those at which it published; partial tiles of each are still there."""

    def __init__(self, *sizes: int, leaves: Sequence[bytes] | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.edge = Edge()
        self._leaves = leaves or make_leaves(max(sizes, default=0))
        for size in sizes or (0,):
            self.publish(size)

    def publish(self, size: int, leaves: Sequence[bytes] | None = None) -> "PublishedFiles":
        self._leaves = leaves or self._leaves
        self.edge, files = grow(self.edge, list(self._leaves[self.edge.size : size]))
        self.files |= {tile.name: content for tile, content in files.items()}
        checkpoint = Checkpoint(ORIGIN, size, self.edge.frontier.root())
        note = compose_note(compose_checkpoint(checkpoint), [SIGNER])
        self.files[CHECKPOINT_NAME] = note.encode()
        return self

    def read(self, name: str) -> bytes:
        self.asked.append(name)
        try:
            return self.files[name]
        except KeyError:
            raise FileNotFoundError(name) from None

    def write_to(self, folder: Path) -> Path:
        for name, content in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        return folder
