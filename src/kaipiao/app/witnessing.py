"""What a cell does with witnesses and a time-stamping authority: who they are, and the wiring.

Without a policy file nothing here is loaded, and nothing changes.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kaipiao.app.settings import Settings, SettingsWrong
from kaipiao.evidence.cosigning.memory import MemoryFile
from kaipiao.evidence.disk import LocalDisk
from kaipiao.evidence.note import VerifierKey
from kaipiao.evidence.policy import NONE, POLICY_NAME, Policy, PolicyWrong, parse_policy
from kaipiao.evidence.run import Leads, is_sole
from kaipiao.evidence.signing.identity import LogSigner
from kaipiao.evidence.timestamp import Authority, parse_authority
from kaipiao.evidence.writer import BeforeSigning
from kaipiao.ports import Clock, LeafOrder, SharedNotes

if TYPE_CHECKING:  # an HTTP client is loaded only where there are witnesses to call
    from kaipiao.evidence.cosigning.desk import Http
    from kaipiao.evidence.cosigning.run import Cosigning
    from kaipiao.evidence.cosigning.stamp import Stamping

log = logging.getLogger(__name__)


class WitnessedLog(NamedTuple):
    """One of the cell's logs, to be shown to witnesses."""

    folder: Path
    signer: LogSigner
    order: LeafOrder
    memory: MemoryFile
    shared: SharedNotes


def policy_path(settings: Settings) -> Path:
    return Path(settings.data) / (settings.witness_policy or POLICY_NAME)


def policy_of(settings: Settings) -> Policy | None:
    """The cell's policy; None if it has none.

    Raises:
        SettingsWrong: it cannot be read, with every fault; or a file was named and is not there.
    """
    path = policy_path(settings)
    try:
        return parse_policy(path.read_bytes())
    except PolicyWrong as wrong:
        raise SettingsWrong("witness_policy", str(path), zh=wrong.zh, en=wrong.en) from None
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not settings.witness_policy:
            return None
        said = str(error.strerror)
        raise SettingsWrong("witness_policy", str(path), zh=said, en=said) from None


def authority_of(settings: Settings) -> Authority | None:
    """Whose time stamps are taken; None if none is asked for.

    Raises:
        SettingsWrong: the certificates cannot be used, or there are no witnesses to stamp.
    """
    if not settings.tsa_url:
        return None
    if policy_of(settings) is None:
        zh, en = (
            "时间戳加盖在见证过的检查点上, 须先有见证策略",
            "stamps need a witness policy first",
        )
        raise SettingsWrong("tsa_url", settings.tsa_url, zh=zh, en=en)
    path = Path(settings.data) / settings.tsa_certificate
    try:
        return parse_authority(path.read_bytes())
    except (OSError, ValueError) as error:
        said = str(error)
        raise SettingsWrong("tsa_certificate", str(path), zh=said, en=said) from None


def check_witnessing(settings: Settings, key: VerifierKey) -> None:
    """Before a cell starts.

    Raises:
        SettingsWrong: policy or authority cannot be used, or the policy is about other logs.
    """
    policy = policy_of(settings)
    authority_of(settings)
    if policy is not None and not policy.knows_log(key):
        zh = f"策略列出了日志, 却没有本单元的: 请加一行 log {key}"
        en = f"it lists logs, and not this cell's: add a line  log {key}"
        raise SettingsWrong("witness_policy", str(policy_path(settings)), zh=zh, en=en)


class Witnessing(NamedTuple):
    """What the process that writes a log needs: what to ask first, and what to run beside."""

    first: BeforeSigning | None
    cosigning: "Cosigning"
    every_s: int

    async def run(self, stop: asyncio.Event, leads: Leads = is_sole) -> None:
        from kaipiao.evidence.cosigning.run import run_cosigning

        await run_cosigning(self.cosigning, every_s=self.every_s, stop=stop, leads=leads)


@asynccontextmanager
async def witnessing_of(
    settings: Settings, watched: WitnessedLog, clock: Clock
) -> AsyncIterator[Witnessing | None]:
    """Witnesses for one log while this block runs; None if the policy knows none, or not it."""
    policy = policy_of(settings)
    if policy is None or policy.quorum == NONE:
        watched.memory.path.unlink(missing_ok=True)
        yield None
        return
    if not policy.knows_log(watched.signer.verifier):
        log.warning("the policy does not list %s: it is not witnessed", watched.signer.verifier)
        yield None
        return
    from kaipiao.evidence.cosigning.desk import open_http

    async with open_http() as http:
        yield _compose(settings, policy, watched, clock, http)


def _compose(
    settings: Settings, policy: Policy, watched: WitnessedLog, clock: Clock, http: "Http"
) -> Witnessing:
    from kaipiao.evidence.cosigning.caller import Caller
    from kaipiao.evidence.cosigning.desk import Desk
    from kaipiao.evidence.cosigning.first import AskWitnesses
    from kaipiao.evidence.cosigning.gather import Gathering
    from kaipiao.evidence.cosigning.run import Cosigning
    from kaipiao.evidence.cosigning.sharing import Sharing

    disk = LocalDisk(watched.folder)
    desks = [Desk(witness, http) for witness in policy.witnesses.values() if witness.url]
    known = {standing.name: standing for standing in watched.memory.read().witnesses}
    callers = [Caller(desk, clock, known.get(desk.witness.name)) for desk in desks]
    sharing = Sharing(
        shared=watched.shared,
        disk=disk,
        key=watched.signer.verifier,
        witnesses=policy,
        authority=authority_of(settings),
        memory=watched.memory,
    )
    cosigning = Cosigning(
        gathering=Gathering(disk=disk, policy=policy, callers=callers, clock=clock),
        callers=callers,
        stamping=_compose_stamping(settings, disk, clock, http),
        memory=watched.memory,
        sharing=sharing,
    )
    ask = AskWitnesses(
        policy=policy,
        desks=desks,
        signer=watched.signer,
        key=watched.signer.verifier,
        order=watched.order,
        disk=disk,
        clock=clock,
        tell=cosigning.tell,
        known=sharing.witnessed,
    )
    first = ask if settings.witness_start == "ask" else None
    return Witnessing(first, cosigning, settings.witness_every_s)


def _compose_stamping(
    settings: Settings, disk: LocalDisk, clock: Clock, http: "Http"
) -> "Stamping | None":
    from kaipiao.evidence.cosigning.stamp import Stamping

    authority = authority_of(settings)
    if authority is None:
        return None
    return Stamping(
        disk=disk,
        authority=authority,
        url=settings.tsa_url,
        every_s=60 * settings.tsa_every_min,
        http=http,
        clock=clock,
    )
