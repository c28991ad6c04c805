"""Clients that ask one after the other, how long they waited, and whether two kinds of waiting can be told apart."""

import math
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field


@dataclass
class Load:
    """What clients measured: milliseconds of each piece of work, and the seconds that all of it took."""

    milliseconds: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def __iadd__(self, other: "Load") -> "Load":
        self.milliseconds += other.milliseconds
        self.seconds += other.seconds
        return self

    @property
    def per_second(self) -> float:
        """Pieces of work per second."""
        return len(self.milliseconds) / self.seconds

    def quantile(self, part: float) -> float:
        """The milliseconds within which `part` of the work was done."""
        ordered = sorted(self.milliseconds)
        return ordered[math.ceil(part * len(ordered)) - 1]


def run(clients: int, times: int, work: Callable[[int, int], None]) -> Load:
    """Lets each client do `work(client, turn)` `times` times, all beginning together. What fails ends the run."""
    together = threading.Barrier(clients + 1)

    def client(number: int) -> list[float]:
        together.wait()
        return [timed(lambda turn=turn: work(number, turn)) for turn in range(times)]

    with ThreadPoolExecutor(clients) as pool:
        running = [pool.submit(client, number) for number in range(clients)]
        together.wait()
        begun = time.perf_counter()
        milliseconds = [one for client in running for one in client.result()]
        return Load(milliseconds, time.perf_counter() - begun)


def timed(work: Callable[[], object]) -> float:
    """The milliseconds that `work` takes."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


@dataclass(frozen=True)
class Difference:
    """How two samples differ."""

    #: Of the medians, second minus first.
    median: float
    #: How often a value of the second is above one of the first; 0.5 where they are alike.
    above: float
    #: The probability of a difference like this one or more if there is none.
    p: float


def difference(first: Sequence[float], second: Sequence[float]) -> Difference:
    """Compares two samples, of some twenty or more each, with the two-sided test of Mann and Whitney."""
    n, m = len(first), len(second)
    ranks = _ranks([*first, *second])
    u = sum(ranks[n:]) - m * (m + 1) / 2
    counts = Counter([*first, *second]).values()
    ties = sum(count**3 - count for count in counts) / ((n + m) * (n + m - 1))
    deviation = math.sqrt(n * m / 12 * (n + m + 1 - ties))
    distance = max(abs(u - n * m / 2) - 0.5, 0)
    p = math.erfc(distance / deviation / math.sqrt(2)) if deviation else 1.0
    return Difference(statistics.median(second) - statistics.median(first), u / (n * m), p)


def _ranks(values: Sequence[float]) -> list[float]:
    """The place of each value among all, from 1; equal values share the middle of theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    begin = 0
    while begin < len(order):
        end = begin
        while end < len(order) and values[order[end]] == values[order[begin]]:
            end += 1
        for index in order[begin:end]:
            ranks[index] = (begin + 1 + end) / 2
        begin = end
    return ranks
