"""What happens to a message, fate by fate: is it done, how often, what does its sender hear?"""

import asyncio
from random import Random

import pytest

from kaipiao.errors import CreditLineMissing, Outage
from kaipiao.twin.faults import WORST, Died, Fate, StormyWire, Weather, weather_of
from kaipiao.twin.journal import Journal
from kaipiao.twin.loop import run_virtually


class Sender:
    """A process that only notes its deaths."""

    name = "sender"

    def __init__(self) -> None:
        self.deaths: list[str] = []

    def crash(self, why: str) -> None:
        self.deaths.append(why)


class Told:
    """How one message fared."""

    def __init__(self, fate: Fate) -> None:
        self.sender = Sender()
        self.done_at: list[float] = []
        self.looked: list[str] = []
        self.wire = StormyWire(
            self.sender,
            rng=Random(1),
            weather=Weather({fate: 1.0}),
            journal=Journal(),
            after=self.looked.append,
        )
        self.heard = run_virtually(self._tell())

    async def _tell(self) -> object:
        try:
            heard: object = await self.wire.ask("ask", self._statement)
        except Outage as outage:
            heard = outage
        self.heard_at = asyncio.get_running_loop().time()
        await asyncio.sleep(100)
        return heard

    def _statement(self) -> str:
        self.done_at.append(asyncio.get_running_loop().time())
        return "answer"


@pytest.mark.parametrize(
    "fate, done, hears",
    [
        ("fine", 1, "answer"),
        ("slow", 1, "answer"),
        ("lost", 0, "Outage"),
        ("late", 1, "Outage"),
        ("doubled", 2, "answer"),
        ("unheard", 1, "Outage"),
        ("dies after", 1, "answer"),
    ],
)
def test_a_fate_says_whether_it_was_done_and_what_is_heard(
    fate: Fate, done: int, hears: str
) -> None:
    told = Told(fate)

    assert len(told.done_at) == done
    assert told.heard == hears or type(told.heard).__name__ == hears
    assert told.looked == ["ask"] * done


def test_a_late_message_is_done_after_its_sender_gave_up() -> None:
    told = Told("late")

    assert told.done_at[0] > told.heard_at


def test_death_comes_before_or_after_the_deed() -> None:
    assert Told("dies before").sender.deaths == ["before ask"]
    assert Told("dies after").sender.deaths == ["after ask"]


def test_a_refusal_travels_like_any_answer() -> None:
    def refuse() -> None:
        raise CreditLineMissing(seller="S")

    async def ask(fate: Fate) -> None:
        wire = StormyWire(
            Sender(), rng=Random(1), weather=Weather({fate: 1.0}), journal=Journal(), after=str
        )
        await wire.ask("ask", refuse)

    with pytest.raises(CreditLineMissing):
        run_virtually(ask("fine"))
    with pytest.raises(Outage):
        run_virtually(ask("unheard"))


def test_the_dead_ask_nothing() -> None:
    told = Told("fine")
    told.wire.is_cut = True

    with pytest.raises(Died):
        run_virtually(told.wire.ask("ask", str))


def test_every_fate_has_its_chance_and_calm_ends_them_all() -> None:
    weathers = [weather_of(Random(seed)) for seed in range(50)]
    fates = {weather.fate(Random(n)) for weather in weathers for n in range(200)}

    assert fates == {"fine", *WORST}
    for weather in weathers:
        weather.calm()
        assert weather.fate(Random(0)) == "fine"
