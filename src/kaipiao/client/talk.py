"""What to send, when and to whom, until there is an answer: no socket, no thread, no sleep.

A talk is a generator.  It gives out what is to be done next (``Send``, ``Rest``) and is told what
came of it; the two drivers in ``wire.py`` and ``async_wire.py`` do nothing but that.  So what a
waiting client and an asynchronous one do at every trouble is the same by construction.
"""

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from kaipiao.client.members import Members
from kaipiao.client.problem import Problem, Unreachable
from kaipiao.client.question import Question
from kaipiao.client.retry import ONCE, Budget, Pauses, Purse

if TYPE_CHECKING:  # loading it takes longer than most commands
    import httpx

BUSY = frozenset({429, 502, 503, 504})
SICK = frozenset({502, 503, 504})
"""Another member may know better.  A limit (429) is the same at all of them."""
T = TypeVar("T")


class Hedge(NamedTuple):
    """Ask this member too if there is no answer after so long, and if ``may`` (asked then)."""

    member: str
    after_s: float
    may: Callable[[], bool]


class Send(NamedTuple):
    member: str
    question: Question[object]
    hedge: Hedge | None = None


class Rest(NamedTuple):
    seconds: float


class Heard(NamedTuple):
    """What ``member`` said after ``took_s``; ``answer`` is None if nothing came: ``why``."""

    member: str
    answer: "httpx.Response | None"
    why: str = ""
    took_s: float = 0.0

    @property
    def is_good(self) -> bool:
        """Of two members asked, the first that says something sensible is heard."""
        return self.answer is not None and self.answer.status_code not in BUSY


Step = Send | Rest
Talk = Generator[Step, Heard | None, T]


class Policy(NamedTuple):
    """What the talks of one client have in common."""

    members: Members
    budget: Budget
    purse: Purse
    pauses: Callable[[Budget], Pauses] = Pauses


def talk(question: Question[T], policy: Policy) -> Talk[T]:
    """Ask until answered.

    Raises:
        Problem: the server said no.
        Unreachable: no answer within the budget; what came of it is unknown.
    """
    pauses = policy.pauses(ONCE if question.once else policy.budget)
    is_again = False
    while True:
        heard = yield _send(question, policy)
        assert heard is not None
        if (answer := heard.answer) is not None and answer.status_code < 400:
            _settle(policy, heard, question, was_again=is_again)
            return question.read(answer)
        last_word, wait_s = _judge(heard, policy.members)
        if wait_s is None and isinstance(last_word, Problem):
            if is_again:
                policy.purse.give_back()  # a refusal is an answer
            raise last_word
        rest_s = pauses.next_s(wait_s)
        while True:
            if rest_s is None:
                raise last_word
            yield Rest(rest_s)
            if policy.purse.take():
                break
            rest_s = pauses.while_empty_s()
        is_again = True


def _send(question: Question[T], policy: Policy) -> Send:
    members = policy.members
    member = members.current
    other = members.other(member) if question.is_hedgeable else None
    hedge = Hedge(other, members.hedge_after_s, policy.purse.take_spare) if other else None
    return Send(member, question, hedge)


def _settle(policy: Policy, heard: Heard, question: Question[T], *, was_again: bool) -> None:
    """It was answered: remember by whom, and give back what the last try had taken."""
    policy.members.answered(heard.member)
    if question.is_hedgeable:
        policy.members.note_look_up(heard.took_s)
    if was_again:
        policy.purse.give_back()
    policy.purse.earn()


def _judge(heard: Heard, members: Members) -> tuple[Problem | Unreachable, float | None]:
    """What to raise if this was the last try, and when to come back (None: a refusal, never)."""
    if heard.answer is None:
        members.fell_silent(heard.member)
        return Unreachable(heard.why), 0.0
    status = heard.answer.status_code
    problem = Problem(status, heard.answer.content)
    if status in SICK:
        members.fell_silent(heard.member)
    if not is_worth_asking_again(status, problem):
        return problem, None
    return as_last_word(status, problem), retry_after_s(heard.answer) or 0.0


def is_worth_asking_again(status: int, problem: Problem) -> bool:
    """A busy or broken server; never a refusal, unless it says so itself."""
    return status in BUSY or problem.retryable


def as_last_word(status: int, problem: Problem) -> Problem | Unreachable:
    """What to raise when the budget is spent: an outage is unknown, a limit is a refusal."""
    return Unreachable(str(problem)) if status >= 500 else problem


def retry_after_s(answer: "httpx.Response") -> float | None:
    """Whole seconds, as our servers say it; a date is not worth reading."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isdigit() else None
