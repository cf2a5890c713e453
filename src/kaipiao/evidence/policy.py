"""Policies (见证策略, C2SP tlog-policy): which logs to believe, and how many of which witnesses.

    log kaipiao.example/31-1+fb60e5b1+AYE5dw6…
    witness bureau   bureau.example/w1+05cc1d3a+BNn…  https://witness.bureau.example
    witness auditor  auditor.example/w+77c10b2f+BDe…  https://witness.auditor.example
    witness archive  archive.example/w+a90be431+BGk…  https://archive.example/witness
    group two-of-three 2 bureau auditor archive
    quorum two-of-three

A cell, a buyer and an auditor read the same file.  To whoever verifies offline the addresses mean
nothing.  Names of witnesses and groups live in the file only.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple, TypeVar

from kaipiao.evidence.cosignature import CosignerKey, parse_cosigner_key
from kaipiao.evidence.note import Note, VerifierKey, parse_vkey

POLICY_NAME = "witness-policy"
POLICY_BYTES_MAX = 256 * 1024
LOGS_MAX = WITNESSES_MAX = GROUPS_MAX = 32
"""What the specification asks everyone to take; and a note has room for so many cosignatures."""
NONE = "none"
Key = TypeVar("Key")
_DECIMAL = re.compile(r"[1-9][0-9]{0,3}")
_SHAPES = {
    "log": "log VKEY [URL]",
    "witness": "witness NAME VKEY [URL]",
    "group": "group NAME all|any|K MEMBER...",
    "quorum": "quorum NAME",
}


class ListedLog(NamedTuple):
    key: VerifierKey
    url: str = ""


class Witness(NamedTuple):
    name: str  # in the policy; the key has a name of its own
    key: CosignerKey
    url: str = ""


class Group(NamedTuple):
    threshold: int
    members: tuple[str, ...]


class PolicyFault(NamedTuple):
    line: int  # from 1; 0 is the file as a whole
    zh: str
    en: str


class PolicyWrong(ValueError):
    """The file is no policy; every fault in it is told at once."""

    def __init__(self, faults: Sequence[PolicyFault]) -> None:
        self.faults = tuple(faults)
        super().__init__(self.en)

    @property
    def zh(self) -> str:
        return " ".join(f"第 {fault.line} 行: {fault.zh}。" for fault in self.faults)

    @property
    def en(self) -> str:
        return "; ".join(f"line {fault.line}: {fault.en}" for fault in self.faults)


class Policy(NamedTuple):
    logs: tuple[ListedLog, ...]
    witnesses: Mapping[str, Witness]
    groups: Mapping[str, Group]
    quorum: str

    def knows_log(self, key: VerifierKey) -> bool:
        """Whether checkpoints of this log are believed; a policy that lists none leaves it open."""
        return not self.logs or any(listed.key == key for listed in self.logs)

    def is_quorum(self, names: Collection[str]) -> bool:
        """Whether these witnesses, by their names in the policy, are enough."""
        return self.quorum == NONE or self._reached(self.quorum, dict.fromkeys(names, 0)) == 0

    def witnessed_at(self, note: Note) -> int | None:
        """The Unix second by which the quorum had cosigned; None if it did not, or is ``none``."""
        found = {name: one.key.cosigned_at(note) for name, one in self.witnesses.items()}
        times = {name: time for name, time in found.items() if time is not None}
        return None if self.quorum == NONE else self._reached(self.quorum, times)

    def _reached(self, name: str, times: Mapping[str, int]) -> int | None:
        """When a witness or a group had witnessed: of k of n, at the k-th time."""
        group = self.groups.get(name)
        if group is None:
            return times.get(name)
        reached = [self._reached(member, times) for member in group.members]
        sorted_times = sorted(time for time in reached if time is not None)
        if len(sorted_times) < group.threshold:
            return None
        return sorted_times[group.threshold - 1]


def parse_policy(content: bytes) -> Policy:
    """Read a policy file.

    Raises:
        PolicyWrong: it is none; with all that is wrong.
    """
    if len(content) > POLICY_BYTES_MAX:
        most = POLICY_BYTES_MAX
        raise PolicyWrong([PolicyFault(0, f"文件最多 {most} 字节", f"at most {most} bytes")])
    reading, faults = _Reading(), []
    # Octets above ASCII are opaque: each survives as itself.
    for number, line in enumerate(content.decode("utf-8", "surrogateescape").split("\n"), 1):
        try:
            reading.read(line)
        except _Wrong as wrong:
            faults.append(PolicyFault(number, wrong.zh, wrong.en))
    if not content.endswith(b"\n"):
        faults.append(PolicyFault(0, "末行没有换行符, 文件可能被截断", "the last line is cut off"))
    if not reading.quorum:
        faults.append(PolicyFault(0, "没有有效的 quorum 行", "there is no good quorum line"))
    if faults:
        raise PolicyWrong(faults)
    return Policy(tuple(reading.logs), reading.witnesses, reading.groups, reading.quorum)


class _Wrong(Exception):
    """What is wrong with the line being read."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


class _Reading:
    """What the lines so far have defined; a line that is wrong still defines its name."""

    def __init__(self) -> None:
        self.logs: list[ListedLog] = []
        self.witnesses: dict[str, Witness] = {}
        self.groups: dict[str, Group] = {}
        self.quorum = ""
        self._names = {NONE}
        self._members: set[str] = set()
        self._read: dict[str, Callable[[list[str]], None]] = {
            "log": self._read_log,
            "witness": self._read_witness,
            "group": self._read_group,
            "quorum": self._read_quorum,
        }

    def read(self, line: str) -> None:
        if any((letter < " " and letter != "\t") or letter == "\x7f" for letter in line):
            raise _Wrong("含有制表符以外的控制字符", "there is a control character")
        words = [word for word in line.replace("\t", " ").split(" ") if word]
        if not words or words[0].startswith("#"):
            return
        keyword, *rest = words
        if keyword not in self._read:
            raise _Wrong(
                f"没有关键字 {keyword!r}, 可用: {', '.join(_SHAPES)}",
                f"{keyword!r} is none of {', '.join(_SHAPES)}",
            )
        self._read[keyword](rest)

    def _read_log(self, words: list[str]) -> None:
        _check_shape("log", words, 1, 2)
        key = _key(parse_vkey, words[0])
        if any(listed.key.public == key.public for listed in self.logs):
            raise _Wrong("日志公钥重复", "this log's key was listed before")
        _check_room("日志", "logs", len(self.logs), LOGS_MAX)
        self.logs.append(ListedLog(key, *words[1:]))

    def _read_witness(self, words: list[str]) -> None:
        _check_shape("witness", words, 2, 3)
        self._define(words[0])
        key = _key(parse_cosigner_key, words[1])
        if any(witness.key.public == key.public for witness in self.witnesses.values()):
            raise _Wrong("见证方公钥重复", "this witness's key was listed before")
        _check_room("见证方", "witnesses", len(self.witnesses), WITNESSES_MAX)
        self.witnesses[words[0]] = Witness(words[0], key, *words[2:])

    def _read_group(self, words: list[str]) -> None:
        _check_shape("group", words, 3, len(words))
        name, threshold, *members = words
        for member in members:
            self._join(member)
        self._define(name)
        _check_room("组", "groups", len(self.groups), GROUPS_MAX)
        count = {"any": 1, "all": len(members)}.get(threshold, 0)
        if _DECIMAL.fullmatch(threshold):
            count = int(threshold)
        if not 1 <= count <= len(members):
            raise _Wrong(
                f"门限应为 all、any 或 1 至 {len(members)}",
                f"the threshold is all, any, or 1 to {len(members)}",
            )
        self.groups[name] = Group(count, tuple(members))

    def _read_quorum(self, words: list[str]) -> None:
        _check_shape("quorum", words, 1, 1)
        if self.quorum:
            raise _Wrong("quorum 行只能有一行", "there is a second quorum line")
        self._check_defined(words[0])
        self.quorum = words[0]

    def _define(self, name: str) -> None:
        if name in self._names:
            raise _Wrong(f"名称 {name!r} 重复或保留", f"the name {name!r} is taken")
        self._names.add(name)

    def _join(self, member: str) -> None:
        if member == NONE:
            raise _Wrong("none 不能作为组成员", "none cannot be a member of a group")
        self._check_defined(member)
        if member in self._members:
            raise _Wrong(f"{member!r} 已是某组成员", f"{member!r} is already in a group")
        self._members.add(member)

    def _check_defined(self, name: str) -> None:
        if name not in self._names:
            raise _Wrong(f"前面没有定义 {name!r}", f"{name!r} is not defined above")


def _check_shape(keyword: str, words: list[str], least: int, most: int) -> None:
    if not least <= len(words) <= most:
        raise _Wrong(f"写法: {_SHAPES[keyword]}", f"it is written: {_SHAPES[keyword]}")


def _check_room(zh: str, en: str, count: int, most: int) -> None:
    if count >= most:
        raise _Wrong(f"{zh}最多 {most} 个", f"at most {most} {en}")


def _key(parse: Callable[[str], Key], text: str) -> Key:
    try:
        return parse(text)
    except ValueError as error:
        raise _Wrong(f"公钥无法使用: {error}", f"the key cannot be used: {error}") from None
