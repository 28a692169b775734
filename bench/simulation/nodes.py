"""Machines that come when a pod needs one and go when none has needed them for a while."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Startup:
    """Seconds until a pod takes work, and until a machine that is not needed goes.

    A machine that is there already has the image, and needs no `provision` and no `pull`.
    """

    provision: float
    pull: float
    load: float
    linger: float


AT_ONCE = Startup(provision=0, pull=0, load=0, linger=0)


class Nodes:
    """One for each pod. All of their time is paid, from the asking for them."""

    def __init__(self, startup: Startup) -> None:
        self._startup = startup
        self._since: dict[int, float] = {}  # when each that is there was asked for
        self._free: list[tuple[float, int]] = []  # since when, the latest last
        self._paid = 0.0
        self.made = 0

    def take(self, now: float) -> tuple[int, float]:
        """A node, and how long a pod on it takes to start."""
        self._let_go(now)
        if self._free:
            return self._free.pop()[1], self._startup.load
        self.made += 1
        self._since[self.made] = now
        return self.made, self._startup.provision + self._startup.pull + self._startup.load

    def give_back(self, node: int, now: float) -> None:
        self._free.append((now, node))

    def paid_seconds(self, now: float) -> float:
        """So far."""
        self._let_go(now)
        return self._paid + sum(now - since for since in self._since.values())

    def _let_go(self, now: float) -> None:
        while self._free and self._free[0][0] + self._startup.linger <= now:
            freed, node = self._free.pop(0)
            self._paid += freed + self._startup.linger - self._since.pop(node)
