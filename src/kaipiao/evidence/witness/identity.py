"""Who a witness is: a key, and the memory that belongs to it.  Neither is worth anything alone.

A witness that has lost its memory could be led to cosign a fork of what it cosigned before, and
nobody could tell.  So a key without its memory does not start again: it is retired, and a new
witness, with a new name and a new key, takes its place.
"""

import os
from base64 import b64encode
from pathlib import Path

from kaipiao.base.secret_file import read_secret, write_secret
from kaipiao.evidence.cosignature import COSIGNATURE_V1, Cosigner
from kaipiao.evidence.note import is_key_name, parse_base64
from kaipiao.evidence.witness.memory import MEMORY_NAME, Memory, create_memory

KEY_NAME = "witness.key"
VKEY_NAME = "witness.vkey"
KEY_CHARS_MAX = 1024
RETIRED_NAME = "retired"
_PREFIX = "PRIVATE+KEY"
_SEED_BYTES = 32


class NoWitness(Exception):
    """There is no witness in this folder yet."""


class MemoryLost(Exception):
    """There is a key and not the memory that belongs to it.  This witness must be retired."""


class OtherName(Exception):
    """The witness in this folder has another name than the one asked for."""


def create_witness(folder: Path, name: str) -> Cosigner:
    """Make a witness: memory first, so that a key never exists without one.

    Raises:
        FileExistsError: there is one, or the memory of one whose key is gone.
        ValueError: no note can carry this name.
    """
    if not is_key_name(name):
        raise ValueError(f"a witness's name has no space, plus or control character: {name!r}")
    if (folder / KEY_NAME).exists():
        raise FileExistsError(folder / KEY_NAME)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    seed = os.urandom(_SEED_BYTES)
    cosigner = Cosigner(name, seed)
    _forget_unfinished(folder)
    create_memory(folder / MEMORY_NAME, cosigner.key)
    secret = b64encode(COSIGNATURE_V1 + seed).decode()
    text = f"{_PREFIX}+{name}+{cosigner.key.key_id.hex()}+{secret}\n"
    (folder / VKEY_NAME).write_text(f"{cosigner.key}\n", encoding="utf-8")
    write_secret(folder / KEY_NAME, text)
    return cosigner


def open_witness(folder: Path, *, has_never_cosigned: bool = False) -> tuple[Cosigner, Memory]:
    """The witness in this folder.

    ``has_never_cosigned`` is its operator's word that this key has never been used; then an empty
    memory is made for it.

    Raises:
        NoWitness, MemoryLost: see there.
        ValueError: the key's file is no key, or others on this machine may read it.
    """
    cosigner = load_cosigner(folder)
    path = folder / MEMORY_NAME
    if has_never_cosigned and not path.exists():
        create_memory(path, cosigner.key)
    try:
        memory = Memory(path)
    except FileNotFoundError:
        raise MemoryLost(f"{cosigner.key} has no memory in {folder}") from None
    if memory.vkey != str(cosigner.key):
        memory.close()
        raise MemoryLost(f"the memory in {folder} belongs to another key than {cosigner.key}")
    return cosigner, memory


def load_cosigner(folder: Path) -> Cosigner:
    """The key alone.  Raises NoWitness, and ValueError as ``open_witness``."""
    try:
        text = read_secret(folder / KEY_NAME, chars_max=KEY_CHARS_MAX)
    except FileNotFoundError:
        raise NoWitness(f"there is no witness in {folder}") from None
    return _parse_key(text)


def retire_witness(folder: Path) -> Path:
    """Put key and memory aside, never to be used again; where they are now.  Raises NoWitness."""
    cosigner = load_cosigner(folder)
    aside = folder / RETIRED_NAME / cosigner.key.key_id.hex()
    aside.mkdir(parents=True, exist_ok=True)
    for path in [*folder.glob(f"{MEMORY_NAME}*"), folder / VKEY_NAME, folder / KEY_NAME]:
        if path.exists():
            path.rename(aside / path.name)
    return aside


def _forget_unfinished(folder: Path) -> None:
    """A memory without its key was made by a start that did not come to its end.

    Raises FileExistsError: not so, it remembers something.
    """
    if not (folder / MEMORY_NAME).exists():
        return
    memory = Memory(folder / MEMORY_NAME)
    remembers = memory.all_held()
    memory.close()
    if remembers:
        raise FileExistsError(folder / MEMORY_NAME)
    for path in folder.glob(f"{MEMORY_NAME}*"):
        path.unlink()


def _parse_key(text: str) -> Cosigner:
    private, key, name, key_id, encoded = [*text.strip().split("+", 4), *[""] * 5][:5]
    content = parse_base64(encoded)
    well_formed = f"{private}+{key}" == _PREFIX and is_key_name(name)
    if not well_formed or len(content) != 1 + _SEED_BYTES or content[:1] != COSIGNATURE_V1:
        raise ValueError("this is not the secret key of an Ed25519 witness")
    cosigner = Cosigner(name, content[1:])
    if cosigner.key.key_id.hex() != key_id:
        raise ValueError("the witness's secret key's parts do not belong together")
    return cosigner
