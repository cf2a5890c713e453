"""How the server is set, and why: every line of the file that we write carries its reason."""

import os
import re
import shutil
import sys
from typing import NamedTuple

from kaipiao.ledger.embedded.places import Places

MB = 1024 * 1024


class Size(NamedTuple):
    """What the server may take, in MB, and whether its disk writes are real."""

    buffers_mb: int
    wal_min_mb: int
    wal_max_mb: int
    durable: bool = True


TEST_SIZE = Size(buffers_mb=32, wal_min_mb=32, wal_max_mb=256, durable=False)
"""For tests that kill no server: starts fast, and must not survive a power cut."""


def fit_size(places: Places) -> Size:
    """A size that fits this machine's memory and the free part of this disk."""
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MB
    free_mb = shutil.disk_usage(places.home).free // MB
    wal_max_mb = min(4096, max(256, free_mb // 8))
    return Size(
        # An eighth: the application and the page cache live on the same machine.
        buffers_mb=min(2048, max(128, memory_mb // 8)),
        wal_min_mb=wal_max_mb // 8,
        wal_max_mb=wal_max_mb,
    )


class Setting(NamedTuple):
    name: str
    value: str
    why: str


STEADY = (
    Setting("listen_addresses", "''", "nobody outside this machine has business here"),
    Setting("port", "5432", "only names the socket"),
    Setting("unix_socket_permissions", "0700", "the server's user and root"),
    Setting("password_encryption", "scram-sha-256", "no other is taken in pg_hba.conf"),
    Setting("max_connections", "100", "a few pools; each costs memory whether used or not"),
    Setting("synchronous_commit", "on", "an acknowledged invoice is durable"),
    Setting("wal_level", "replica", "a standby or a backup can be added without a restart"),
    Setting("wal_compression", "off", "payloads come compressed; pglz would only cost CPU"),
    Setting("checkpoint_timeout", "15min", "fewer full-page images; recovery stays in seconds"),
    Setting("jit", "off", "our statements are short; compiling them is longer"),
    Setting("client_connection_check_interval", "1s", "a dead client must not keep its locks"),
    Setting("idle_in_transaction_session_timeout", "60s", "a stuck one neither"),
    Setting("track_io_timing", "off", "reads the clock twice for each block"),
    Setting("timezone", "UTC", "instants are UTC; Beijing's days are computed by name"),
    Setting("log_timezone", "UTC", "one clock in all logs"),
    Setting("lc_messages", "C", "one language in all logs"),
    Setting("logging_collector", "on", "rotates the log by itself"),
    Setting("log_filename", "'postgresql-%a.log'", "one file a weekday"),
    Setting("log_truncate_on_rotation", "on", "so that a week is kept"),
    Setting("log_rotation_size", "0", "only a new day may begin a file: it is emptied then"),
    Setting("log_file_mode", "0600", "the server's user and root"),
    Setting("log_error_verbosity", "terse", "details quote rows, and rows are people's business"),
    Setting("log_line_prefix", "'%m [%p] %u@%d '", "when, which process, who"),
    Setting("log_lock_waits", "on", "a wait over a second is worth knowing"),
)

ON_LINUX = (
    # With fsync a start after a crash touches every file one by one: 4.5 s instead of 0.4 s for
    # an empty cluster on a busy disk, and partitions are many files.
    Setting("recovery_init_sync_method", "syncfs", "one call instead of one a file"),
)

SINCE_17 = (
    Setting("summarize_wal", "on", "a backup may hold only what changed since the last one"),
)


def has_syncfs() -> bool:
    """Linux 5.8 was the first whose syncfs reports a failed write."""
    release = tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2])
    return sys.platform == "linux" and release >= (5, 8)


def render_settings(places: Places, size: Size, *, major: int) -> str:
    """postgresql.conf: initdb's own findings about the machine, then ours."""
    real = "on" if size.durable else "off"
    fitted = (
        Setting("unix_socket_directories", _quote(places.sockets), "short enough for the kernel"),
        Setting("hba_file", _quote(places.logins), "beside this file, out of the server's reach"),
        Setting("log_directory", _quote(places.log), "beside the data"),
        Setting("shared_buffers", f"{size.buffers_mb}MB", "an eighth of the memory, at most 2 GB"),
        Setting("min_wal_size", f"{size.wal_min_mb}MB", "files kept to be used again"),
        Setting("max_wal_size", f"{size.wal_max_mb}MB", "at most an eighth of the free disk"),
        Setting(
            "max_slot_wal_keep_size",
            f"{2 * size.wal_max_mb}MB",
            "a backup stream that stays away must not fill the disk: issuing comes first",
        ),
        Setting("fsync", real, "a commit is on the disk"),
        Setting("full_page_writes", real, "a torn page can be mended"),
    )
    settings = [*fitted, *STEADY]
    settings += ON_LINUX if has_syncfs() else ()
    settings += SINCE_17 if major >= 17 else ()
    lines = [f"{one.name} = {one.value}  # {one.why}" for one in settings]
    return "\n".join(
        [
            "# Written anew at every start.  Your own settings: ALTER SYSTEM SET ...",
            f"include {_quote(places.data / 'postgresql.conf')}",
            *lines,
            "",
        ]
    )


LOGINS = """\
# Written anew at every start.  Every role, from every database: a password, never trust.
local all all scram-sha-256
local replication all scram-sha-256
"""


def _quote(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
