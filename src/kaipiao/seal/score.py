"""What a vendor did since anybody was last told: counted here, told every few seconds."""

from bisect import bisect_left
from collections import Counter
from operator import add

from kaipiao.fiscal.seal import BREAKER_STATES, LATENCY_MS, AskOutcome, BreakerState, Score


class Tally:
    def __init__(self) -> None:
        self._asked: Counter[AskOutcome] = Counter()
        self._latencies = [0] * (len(LATENCY_MS) + 1)
        self._invoices = 0
        self._told: dict[BreakerState, float] = dict.fromkeys(BREAKER_STATES, 0.0)

    def note(self, outcome: AskOutcome, took_ms: float) -> None:
        """One question ended.  The latency counts whatever the outcome: waiting is waiting."""
        self._asked[outcome] += 1
        self._latencies[bisect_left(LATENCY_MS, took_ms)] += 1

    def note_sealed(self, invoices: int) -> None:
        self._invoices += invoices

    def take(self, times: dict[BreakerState, float]) -> Score:
        """Everything since the last time; ``times`` are a breaker's, from its beginning."""
        score = Score(
            asked=dict(self._asked),
            invoices=self._invoices,
            latencies=tuple(self._latencies),
            state_s={state: times[state] - self._told[state] for state in BREAKER_STATES},
        )
        self._asked.clear()
        self._invoices = 0
        self._latencies = [0] * len(self._latencies)
        self._told = times
        return score

    def give_back(self, score: Score) -> None:
        """Nobody was told of it after all."""
        self._asked.update(score.asked)
        self._invoices += score.invoices
        self._latencies = list(map(add, self._latencies, score.latencies))
        self._told = {
            state: seconds - score.state_s.get(state, 0.0) for state, seconds in self._told.items()
        }
