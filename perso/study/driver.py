"""A driver gives jobs to a pool, beside other drivers on the same store."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tqdm import tqdm

from perso.store.leases import Leases
from perso.study.backends import Pool
from perso.study.jobs import Job

LOOK = 1.0  # seconds between two looks for what another process has trained


class Driver:
    """Trains jobs until the monotonic time `ends`, each of them by one driver alone."""

    def __init__(self, leases: Leases, pool: Pool, ends: float):
        self.leases = leases
        self.store = leases.store
        self.pool = pool
        self.ends = ends
        self.over = False  # whether the time has ended

    def results(
        self,
        function: Callable[..., Any],
        jobs: Sequence[Job],
        arguments: Callable[[Job], tuple],
        keys: Callable[[Job], set[str]],
        tables: Sequence[str],
        elsewhere: Callable[[Job], None],
    ) -> Iterator[Any]:
        """Yield what a function returns for each job, as it finishes; the caller stores it.

        Jobs that another process trains are waited for; those that it leaves are trained here.

        arguments   what follows the data in a call; made when the job begins
        keys        what a job trains
        tables      where that is found when it is trained
        elsewhere   called for each job that another process has trained
        """

        def calls() -> Iterator[tuple]:
            for number, job in left.items():
                if time.monotonic() >= self.ends:
                    self.over = True
                    return
                if self.leases.take(keys(job)) and self.store.missing(keys(job), *tables):
                    begun.add(number)
                    yield arguments(job)

        left = dict(enumerate(jobs))
        begun: set[int] = set()  # here, by their numbers
        waiting = False
        while left and not self.over:
            if waiting:
                time.sleep(LOOK)
            yield from self.pool(function, calls())
            for number, job in list(left.items()):
                if not self.store.missing(keys(job), *tables):
                    del left[number]
                    if number not in begun:
                        elsewhere(job)
            if left and not self.over and not waiting:
                # on a line of its own, above the bar
                tqdm.write("perso: waiting for models that another process trains", sys.stderr)
                waiting = True
