"""Keys in files of one folder, each readable by its owner only: implements ``sessions.Session``.

    log.key            Ed25519, as it always was
    log.ml-dsa-44.key  ML-DSA-44
    log.sm2.key        SM2

each with one line, ``PRIVATE+KEY+name+key id+base64``; what base64 holds begins with the type.
"""

from base64 import b64encode
from pathlib import Path

from kaipiao.base.secret_file import read_secret, write_secret
from kaipiao.evidence.note import is_key_name, key_id_of
from kaipiao.evidence.signing.crafts import CRAFTS, KINDS, Sign
from kaipiao.evidence.signing.sessions import Found
from kaipiao.evidence.spelling import parse_base64

KEY_CHARS_MAX = 1024
_PREFIX = "PRIVATE+KEY"


class FileSession:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._signs: dict[Found, Sign] = {}

    def path(self, label: str) -> Path:
        return self._folder / ("log.key" if label == "ed25519" else f"log.{label}.key")

    def find(self, label: str) -> Found | None:
        try:
            text = read_secret(self.path(label), chars_max=KEY_CHARS_MAX)
        except FileNotFoundError:
            return None
        name, key_id, secret = _parse_secret(text, KINDS[label])
        public, sign = CRAFTS[KINDS[label]].open(secret)
        found = Found(label, name, KINDS[label], public)
        if key_id_of(name, found.kind + public).hex() != key_id:
            raise ValueError(f"the parts of {self.path(label)} do not belong together")
        self._signs[found] = sign
        return found

    def sign(self, key: Found, data: bytes) -> bytes:
        return self._signs[key](data)

    def make(self, label: str, name: str) -> Found:
        """Make a key that signs for ``name``.

        Raises:
            FileExistsError: there is one.
            ValueError: no note can carry this name.
        """
        if not is_key_name(name):
            raise ValueError(f"a log's name has no space, plus or control character: {name!r}")
        for folder in (self._folder.parent, self._folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        craft, kind = CRAFTS[KINDS[label]], KINDS[label]
        secret = craft.make()
        public, self_sign = craft.open(secret)
        found = Found(label, name, kind, public)
        key_id = key_id_of(name, kind + public).hex()
        encoded = b64encode(kind + secret).decode()
        write_secret(self.path(label), f"{_PREFIX}+{name}+{key_id}+{encoded}\n")
        self._signs[found] = self_sign
        return found


def _parse_secret(text: str, kind: bytes) -> tuple[str, str, bytes]:
    """Name, key id and secret of a key's line.  Raises ValueError: it is none of this type."""
    private, key, name, key_id, encoded = [*text.strip().split("+", 4), *[""] * 5][:5]
    content = parse_base64(encoded)
    well_formed = f"{private}+{key}" == _PREFIX and is_key_name(name) and content.startswith(kind)
    secret = content[len(kind) :]
    if not well_formed or len(secret) != CRAFTS[kind].secret_bytes:
        raise ValueError(f"this is not a signing key of {CRAFTS[kind].label}")
    return name, key_id, secret
