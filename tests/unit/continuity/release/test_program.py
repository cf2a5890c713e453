"""What cannot follow the running program is refused, with every reason at once."""

import sys
from pathlib import Path

import pytest

from kaipiao.continuity.release.current import Program, ReleaseRefused
from kaipiao.continuity.release.program import Introduction, Step, check_fits, introduce


def program(*stages: str, wire: int = 1, changed: int = 0) -> Introduction:
    steps = [
        Step(n, "pre" if stage == "pre" else "post", f"{n:04}_{stage}_x.sql", f"digest {n}")
        for n, stage in enumerate(stages, start=1)
    ]
    if changed:
        step = steps[changed - 1]
        steps[changed - 1] = Step(step.number, step.stage, step.name, "another")
    return Introduction(
        program=Program("/opt/x/bin/python", "x"), wire=wire, migrations=tuple(steps)
    )


OLD = program("pre", "post", "pre")


@pytest.mark.parametrize(
    "new",
    [
        program("pre", "post", "pre"),
        program("pre", "post", "pre", "pre"),
        program("pre", "post", "pre", "pre", "post"),
        program("pre", "post", "pre", "post", "post"),
    ],
)
def test_what_continues_our_history_fits(new: Introduction) -> None:
    assert check_fits(OLD, new) == []


@pytest.mark.parametrize(
    "new, reasons",
    [
        (program("pre", "post", "pre", wire=2), ["wire 2"]),
        (program("pre", "post"), ["0003_pre_x.sql"]),
        (program("pre", "post", "pre", "pre", changed=2), ["0002_post_x.sql"]),
        # `pre` would be applied with the `post` before it, while the old program runs
        (program("pre", "post", "pre", "post", "pre"), ["0005_pre_x.sql"]),
        (program("pre", wire=3), ["wire 3", "0002_post_x.sql", "0003_pre_x.sql"]),
    ],
)
def test_what_does_not_is_refused_with_every_reason(new: Introduction, reasons: list[str]) -> None:
    said = [en for _, en in check_fits(OLD, new)]

    assert len(said) == len(reasons)
    assert all(reason in en for reason, en in zip(reasons, said, strict=True))


async def test_a_program_introduces_itself() -> None:
    ours = await introduce(sys.executable)

    assert ours.program.python == sys.executable
    assert ours.migrations
    assert check_fits(ours, ours) == []


@pytest.mark.parametrize("content", ["", "#!/bin/sh\nexit 3\n", "#!/bin/sh\necho nonsense\n"])
async def test_what_is_no_program_of_ours_is_refused(tmp_path: Path, content: str) -> None:
    python = tmp_path / "python"
    python.write_text(content)
    python.chmod(0o755 if content else 0o644)

    with pytest.raises(ReleaseRefused):
        await introduce(str(python))
