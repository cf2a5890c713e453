"""Three members side by side: the description that a lab begins with when nobody brings one.

The reserve suits the small disks of a lab: with the default one they would often be short.
"""

from pathlib import Path

TEXT = """\
name = "{name}"
area = 33
folder = "{folder}"
[dcs]
{dcs}
[disk]
reserve_mb = 96
[[member]]
name = "n1"
address = "192.0.2.1"
[[member]]
name = "n2"
address = "192.0.2.2"
[[member]]
name = "n3"
address = "192.0.2.3"
{last}
[settings]
workers = 1
{more}
"""

RAFT = 'kind = "raft"'
ETCD = 'kind = "etcd"\nrun = true'


def compose_three(
    folder: Path | str, *, name: str, dcs: str = RAFT, last: str = "", more: str = ""
) -> str:
    """As TOML.  ``dcs``, ``last`` (of the third member) and ``more`` (settings) are lines of it."""
    return TEXT.format(name=name, folder=folder, dcs=dcs, last=last, more=more)
