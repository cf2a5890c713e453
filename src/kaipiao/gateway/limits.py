"""Every limit of the API, on one page.  ``docs/reference/http.md`` lists them; a test compares."""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB

MAX_PAGE = 500
"""Invoices or forms on one page of a list; part of the API, and the same everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one process takes from its callers.  The unit is the last part of each name."""

    max_body_bytes: int = 8 * MIB
    """One body, or one line of a batch: 2,000 lines with every text at its limit fit."""

    max_batch_bytes: int = 64 * MIB
    """One batch as a whole."""

    max_batch_lines: int = 10_000
    """Drafts in one batch."""

    batch_chunk_lines: int = 256
    """Drafts of a batch that are issued together; results are sent after each chunk."""

    max_arriving_bytes: int = 512 * MIB
    """Bodies that have begun to arrive and are not whole; one piece more is told to come back."""

    max_unsent_bytes: int = 32 * MIB
    """Results of a batch kept for a caller who sends everything before reading anything."""

    max_unsent_total_bytes: int = 256 * MIB
    """Answers kept for all who do not read them; above it, whoever stood still longest is cut."""

    unread_timeout_s: float = 60
    """How long a caller may read nothing at all of an answer before the line is cut."""

    max_headers: int = 100
    """Headers of one request."""

    max_header_bytes: int = 32 * KIB
    """Request line and headers together, when they arrive in pieces."""

    header_timeout_s: float = 10
    """From the first byte of a request to the end of its headers."""

    body_timeout_s: float = 30
    """From the headers to the end of a body; in a batch, between two pieces of it."""

    batch_timeout_s: float = 600
    """From the headers to the end of a batch's body."""

    answer_timeout_s: float = 30
    """How long we wait for our own ledger before we say that the outcome is unknown."""

    keep_alive_s: float = 75
    """How long an idle connection is kept."""

    max_issuing_in_flight: int = 1_000
    """Issuing calls being answered; one more is told to come back."""

    max_other_in_flight: int = 200
    """All other calls being answered: look-ups cannot starve issuing."""

    max_renditions_in_flight: int = 32
    """Documents being made or waiting for it; one more is told to come back."""

    rate_per_s: float = 20_000
    """Invoices or calls a second for one API key, in the long run."""

    rate_burst: int = 40_000
    """Invoices or calls of one API key at once."""

    anonymous_rate_per_s: float = 20
    """Calls a second without a key, for one address."""

    anonymous_burst: int = 100
    """Calls without a key at once, for one address."""

    identity_ttl_s: float = 5
    """How long a looked-up key is believed: a revoked key works no longer than this."""

    identity_cache_keys: int = 10_000
    """Keys remembered, known and unknown each."""

    max_import_bytes: int = 32 * MIB
    """One file to import."""

    max_open_imports: int = 20
    """Imports of one tenant that have not ended."""

    max_kept_import_bytes: int = 1024 * MIB
    """Uploads of one tenant that are kept, those that ended included."""

    max_uploads_in_flight: int = 8
    """Files being uploaded at once; one more is told to come back."""

    upload_timeout_s: float = 300
    """From the headers to the end of an uploaded file."""

    max_watchers_in_flight: int = 100
    """Callers who watch imports; one more is told to come back."""

    watch_every_s: float = 0.5
    """How often an import that is watched is looked at."""

    heartbeat_s: float = 15
    """After so long without news, a watcher is told that we are still here."""

    watch_timeout_s: float = 600
    """How long one watch lasts; whoever goes on watching comes back by itself."""

    max_exports_in_flight: int = 2
    """Lists being exported at once; one more is told to come back."""

    max_readings_in_flight: int = 8
    """Documents being read or waiting for it; one more is told to come back."""

    max_violations: int = 1_000
    """Violations spelled out in one answer; the rest is counted."""
