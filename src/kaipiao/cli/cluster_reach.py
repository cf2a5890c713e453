"""How a command reaches a cluster: its description, and in a lab the place to ask from."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kaipiao.cli.language import t

if TYPE_CHECKING:
    from kaipiao.continuity.cluster.description import Description
    from kaipiao.continuity.lab.lab import Lab

cluster_file = click.argument(
    "file", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE"
)
as_json_option = click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))


def lab_of(file: Path) -> "Lab":
    from kaipiao.continuity.cluster.description import read_description
    from kaipiao.continuity.lab.lab import Lab

    return Lab(read_description(file))


def inside(file: Path, *, as_member: bool = False) -> "Description":
    """The description; of a lab, read in the client's place, or in that of a member that runs.

    What changes something is done where an operator would do it: on a member's machine.
    """
    from kaipiao.continuity.cluster.description import read_description
    from kaipiao.continuity.lab.lab import CLIENT, Lab, enter
    from kaipiao.continuity.lab.made import read_made

    description = read_description(file)
    if read_made(description.folder) is not None:
        lab = Lab(description)
        routed = (one.name for one in description.with_data if one.name in lab.running())
        enter(lab, place=next(routed, CLIENT) if as_member else CLIENT)
    return description
