"""A program: feeds a witness with aics-witness's client.  URL VKEY < steps

Each step on standard input is a JSON line {"note", "proofs": {"OLD": [base64, ...]}}; each answer
is one: {"line"} as the client verified it, or {"refused": class, "status"}.
"""

import json
import sys
from base64 import b64decode

from aics_witness.feeder import (  # type: ignore[import-not-found]
    FeederError,
    WitnessClient,
)


def main() -> None:
    url, vkey = sys.argv[1:3]
    with WitnessClient(url, vkey) as client:
        for line in sys.stdin:
            step = json.loads(line)
            proofs = {int(old): [*map(b64decode, proof)] for old, proof in step["proofs"].items()}
            try:
                lines = client.submit(step["note"], lambda old, new, has=proofs: has[old])
                print(json.dumps({"line": lines}))
            except FeederError as error:
                told = {"refused": type(error).__name__, "status": getattr(error, "status", None)}
                print(json.dumps(told))


if __name__ == "__main__":
    main()
