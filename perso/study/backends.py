"""Where jobs are trained: in processes of this machine, or by the workers of a dask cluster.

Both are a pool: a function that is called with a function and its calls, and yields results as they
finish. It takes the next call when a worker is free, so a call is made no earlier than it begins.
"""

import contextlib
import hashlib
import os
import pickle
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import joblib
import torch

import perso
from perso.data.dataset import StudyData
from perso.errors import InputError, RunError
from perso.settings import Settings
from perso.study import hardware
from perso.study.workers import plain_faults, start_worker
from perso.training import engine

# (function, calls) → results; a call is the arguments that follow the data
Pool = Callable[[Callable[..., Any], Iterable[tuple]], Iterator[Any]]

RECONNECT = 300  # seconds to wait for a scheduler that was lost, and for its workers
ANSWER = 30  # seconds to wait for a scheduler at the start
LOOK = 5  # seconds after which new workers of a cluster get work


@dataclass(frozen=True)
class Launch:
    """How a process trains, and by which command."""

    scheduler: str = ""  # address of a dask scheduler; empty: processes of this machine
    command: str = ""  # the command line; empty where Python code trains
    params: str = ""  # name of its params file


def machine_of(settings: Settings, launch: Launch) -> hardware.Machine:
    """Describe the machine that trains: this one, or that of a cluster's workers.

    InputError where the scheduler does not answer, or its workers would train other numbers.
    """
    asked = (settings.device, settings.compile == "always", settings.threads)
    if not launch.scheduler:
        return hardware.machine(*asked)
    with contextlib.closing(connected(launch.scheduler, ANSWER)) as client:
        found = client.run(facts_of_worker, *asked)
        threads = client.nthreads()
    if not found:
        raise InputError(f"--scheduler {launch.scheduler}: has no workers; start some first")
    if max(threads.values()) > 1:
        raise InputError(
            f"--scheduler {launch.scheduler}: a worker has {max(threads.values())} threads; "
            "needed is 1, as by `dask worker --nworkers auto --nthreads 1`"
        )
    for worker, (_, versions) in found.items():
        if versions != own_versions():
            raise InputError(
                f"--scheduler {launch.scheduler}: worker {worker} has {versions}; needed is "
                f"{own_versions()}, as here"
            )
    machines = [machine for machine, _ in found.values()]
    free = min(machine.free for machine in machines)
    return replace(machines[0], workers=len(machines), free=free)


def own_versions() -> str:
    """Return the versions that decide numbers."""
    return f"perso {perso.__version__}, engine {engine.VERSION}, torch {torch.__version__}"


def facts_of_worker(*asked: object) -> tuple[hardware.Machine, str]:
    """Return a worker's `hardware.machine` and versions."""
    return hardware.machine(*asked), own_versions()


def pool_of(
    data: StudyData, launch: Launch, machine: hardware.Machine, jobs: int | None
) -> contextlib.AbstractContextManager[Pool]:
    """Return a context manager: the pool of a study's data.

    jobs   calls at a time; default: one per worker
    """
    if launch.scheduler:
        return Cluster(data, launch.scheduler, jobs)
    gpus = machine.workers if data.settings.device == "cuda" else 0
    return processes(data, jobs or machine.workers, gpus)


@contextlib.contextmanager
def processes(data: StudyData, jobs: int, gpus: int) -> Iterator[Pool]:
    """Context manager: a pool of processes of this machine; of one, it is this process."""
    workers = joblib.parallel_config(
        "loky",
        idle_worker_timeout=20,
        initializer=start_worker,
        initargs=(os.getpid(), gpus),
    )
    with workers, plain_faults():
        parallel = joblib.Parallel(
            jobs, return_as="generator_unordered", pre_dispatch="n_jobs", batch_size=1
        )

        def results(function: Callable, calls: Iterable[tuple]) -> Iterator:
            task = joblib.delayed(function)
            return parallel(task(data, *call) for call in calls)

        yield results


def connected(address: str, timeout: float):
    """Return a dask client of a scheduler; InputError where none answers."""
    from distributed import Client

    try:
        return Client(address, timeout=timeout, set_as_default=False)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"--scheduler {address}: no scheduler answers ({reason})") from error


class Cluster:
    """Context manager: a pool of the workers of a dask cluster, however many there are.

    The work of a lost worker goes to another one; of a lost scheduler, to the one that answers at
    the same address within RECONNECT seconds. RunError where a job ends several workers.

    jobs   calls at a time; default: one per worker
    """

    def __init__(self, data: StudyData, address: str, jobs: int | None):
        import cloudpickle  # which dask depends on; it also sends code of the user's own

        self.address = address
        self.jobs = jobs
        self.pack = cloudpickle.dumps
        self.packed = self.pack(data)
        self.name = f"perso-{hashlib.sha256(self.packed).hexdigest()}"

    def __enter__(self) -> Pool:
        self.client = self.connect()
        return self.results

    def __exit__(self, *error: object) -> None:
        self.client.close()

    def connect(self):
        """Return a client; send the data to all workers, which keep them under their hash."""
        client = connected(self.address, RECONNECT)
        try:
            client.wait_for_workers(1, timeout=RECONNECT)
            self.sent = client.scatter({self.name: self.packed}, broadcast=True)[self.name]
        except OSError:
            client.close()
            raise
        return client

    def connect_again(self) -> None:
        """Connect after the scheduler, or all workers that held the data, were lost.

        RunError where no scheduler with a worker is there within RECONNECT seconds.
        """
        ends = time.monotonic() + RECONNECT
        self.client.close()
        while True:
            try:
                self.client = self.connect()
                return
            except OSError as error:  # a scheduler that is about to end still answers
                if time.monotonic() > ends:
                    raise RunError(
                        f"--scheduler {self.address}: was lost, and no workers came back in "
                        f"{RECONNECT} seconds; finished models are kept; run the same command "
                        "again to continue"
                    ) from error
                time.sleep(1)

    def submit(self, call: bytes):
        """Return the future of a pickled call."""
        key = f"perso-{uuid.uuid4().hex}"
        return self.client.submit(on_worker, self.sent, self.name, call, key=key, pure=False)

    def results(self, function: Callable, calls: Iterable[tuple]) -> Iterator:
        """Yield the results of a function's calls as they finish."""
        from distributed import KilledWorker, wait

        calls = iter(calls)
        running: dict = {}  # {future: its call}
        while True:
            try:
                at_once = self.jobs or len(self.client.nthreads())
                for call in islice(calls, max(0, at_once - len(running))):
                    packed = self.pack((function, call))
                    running[self.submit(packed)] = packed
                if not running:
                    return
                with contextlib.suppress(TimeoutError), self.client.as_current():
                    wait(list(running), timeout=LOOK, return_when="FIRST_COMPLETED")
                finished = [(each, each.result()) for each in running if each.done()]
            except KilledWorker as error:
                raise RunError(
                    "a job ended several workers of the cluster, as happens where memory runs "
                    "out; finished models are kept; run the same command again to continue"
                ) from error
            # the scheduler was lost, or all workers that held the data
            except (CancelledError, OSError) as error:
                reason = " ".join(str(error).split())
                print(f"perso: connecting again to {self.address}: {reason}", file=sys.stderr)
                self.connect_again()
                running = {self.submit(call): call for call in running.values()}
                continue
            for future, result in finished:
                del running[future]
                yield result


DATA: dict[str, StudyData] = {}  # of the study that a worker trains, under its name


def on_worker(packed: bytes, name: str, call: bytes) -> Any:
    """Return what a pickled call returns, on a worker of a cluster; data are unpacked once."""
    if name not in DATA:
        DATA.clear()
        DATA[name] = pickle.loads(packed)
    function, arguments = pickle.loads(call)
    return function(DATA[name], *arguments)
