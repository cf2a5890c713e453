"""A program: audits a log over HTTP with aics-tlog.  URL VKEY [OLDER-CHECKPOINT...]

Not one rule of the format in here is ours.  Exits 0 if all of it holds, else with a traceback.
"""

import sys
from pathlib import Path

from aics_tlog import (  # type: ignore[import-not-found]
    Checkpoint,
    HttpTileReader,
    audit_tiles,
    consistency_proof_from_tiles,
    parse_checkpoint,
    parse_note,
    parse_vkey,
    verify_checkpoint,
    verify_consistency,
)


def opened(content: bytes, vkey: str) -> Checkpoint:
    note, key = parse_note(content), parse_vkey(vkey)
    if not verify_checkpoint(note, key, expected_origin=key.name).ok:
        raise SystemExit("the checkpoint is not signed")
    return parse_checkpoint(note.text)


def main(url: str, vkey: str, *older: str) -> None:
    reader = HttpTileReader(url, proxies={})
    now = opened(reader.read_checkpoint(), vkey)
    report = audit_tiles(reader, now.size, now.root)
    for path in older:
        then = opened(Path(path).read_bytes(), vkey)
        if then.size > now.size:
            raise SystemExit("rolled back")
        proof = consistency_proof_from_tiles(reader, then.size, now.size)
        if not verify_consistency(then.size, now.size, then.root, now.root, proof):
            raise SystemExit("not consistent")
    print(report)


main(*sys.argv[1:])
