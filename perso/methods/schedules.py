"""Schedules: a method is a boolean array over iterations, True for a batch from D_I, False for D_G.

Pure functions (Algorithm 1 of the papers). `batches` turns such an array into the index plan that
the engine follows: the training image at every place of every batch.
"""

from collections.abc import Iterable
from fractions import Fraction

import numpy as np

from perso.methods.method import Phase, Schedule
from perso.own_code import fault, file_of


def iterations_per_epoch(size: int, batch_size: int) -> int:
    """n_iter = ⌈|D_G| / batchSize⌉ (Algorithm 1, line 8); `size` counts training samples."""
    return -(-size // batch_size)


def weighing_epoch(n_iter: int, n_I: float | str | Fraction) -> np.ndarray:
    """One epoch of sample weighing, bool [n_iter] (Algorithm 1, line 11).

    n_I ≥ 1   batch j = 1 … n_iter comes from D_I if j mod n_I = 0: every n_I-th batch
    n_I < 1   it comes from D_I if j mod 1/n_I ≠ 0: all but every 1/n_I-th batch
    n_I is read as an exact fraction: "1/8", or 0.88 = 22/25. ValueError unless it is above 0.
    """
    n_I = Fraction(str(n_I))
    if n_I <= 0:
        raise ValueError(f"n_I must be above 0, not {n_I}")
    j = np.arange(1, n_iter + 1)
    if n_I >= 1:
        return j * n_I.denominator % n_I.numerator == 0
    return j * n_I.numerator % n_I.denominator != 0


def schedule(phases: Iterable[Phase], n_iter: int, epochs: int) -> np.ndarray:
    """The data set of every iteration, bool [T]: True for a batch from D_I, False for D_G.

    phases   of a method, one after the other; those of Algorithm 1 are n_ES iterations on D_I
             (line 3), the epochs (lines 6 to 16), and n_TL iterations on D_I (line 18)
    n_iter   iterations of an epoch (line 8)
    epochs   number of epochs (line 6)
    """
    parts = [phase_schedule(phase, n_iter, epochs) for phase in phases]
    return np.concatenate([np.zeros(0, bool), *parts])


def phase_schedule(phase: Phase, n_iter: int, epochs: int) -> np.ndarray:
    """The schedule of one phase; sample weighing counts from 1 in every epoch (line 11).

    ValueError where a function of the user's own fails or returns something else.
    """
    length = phase.iterations or max(1, round(phase.epochs * epochs * n_iter))
    if callable(phase.draws):
        return own_schedule(phase.draws, length, n_iter)
    if phase.draws in ("I", "G"):
        return np.full(length, phase.draws == "I")
    return np.resize(weighing_epoch(phase.iterations or n_iter, phase.draws), length)


def own_schedule(draws: Schedule, iterations: int, n_iter: int) -> np.ndarray:
    """What a function of the user's own returns, checked: bool [iterations]."""
    call = f"draws: {getattr(draws, '__name__', draws)}({iterations}, {n_iter})"
    try:
        found = np.asarray(draws(iterations, n_iter))
    except Exception as error:
        raise ValueError(f"{call} {fault(error, file_of(draws))}") from error
    if found.dtype != bool or found.shape != (iterations,):
        raise ValueError(
            f"{call} returned {found.dtype} {list(found.shape)}; "
            f"needed is bool [{iterations}], True for D_I"
        )
    return found


def stream(source: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` draws from `source` [n]: one random permutation of it after the other.

    With equal generators a longer stream begins with the shorter one. So methods that draw
    different numbers of batches from a source share the first of them.
    ValueError where `source` is empty.
    """
    if len(source) == 0:
        raise ValueError("a source without samples cannot be drawn from")
    passes = -(-count // len(source))
    # source[:0] gives the empty stream its dtype
    return np.concatenate([source[:0], *(rng.permutation(source) for _ in range(passes))])[:count]


def episode(
    own: np.ndarray,
    item: np.ndarray,
    k: int,
    slots: int,
    queries: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """One person's part of a batch of episodes, int [slots + queries].

    It holds k samples, repeated to fill the slots, and then queries of other items, which are
    repeated where the person has too few. ValueError where all samples are of one item.

    own, item   the person's training samples and the item of each, int [n]
    """
    order = rng.permutation(len(own))
    enrolment = order[:k]
    rest = order[~np.isin(item[order], item[enrolment])]
    while len(rest) == 0 and len(enrolment) > 1:  # a person of few items: enrol fewer samples
        enrolment = enrolment[: len(enrolment) // 2]
        rest = order[~np.isin(item[order], item[enrolment])]
    if len(rest) == 0:
        raise ValueError("an episode needs samples of two items")
    return np.concatenate([np.resize(own[enrolment], slots), np.resize(own[rest], queries)])


def own_samples(phases: Iterable[Phase], n_iter: int, epochs: int, batch_size: int) -> np.ndarray:
    """How many samples of every batch come from D_I, int [T]: all, none, or all but the replay.

    The arguments are those of `schedule`.
    """
    parts = [np.zeros(0, int)]
    for phase in phases:
        own = batch_size - round(phase.replay * batch_size)
        parts.append(own * phase_schedule(phase, n_iter, epochs))
    return np.concatenate(parts)


def batches(
    own: np.ndarray,
    D_I: np.ndarray,
    D_G: np.ndarray,
    batch_size: int,
    rng_I: np.random.Generator | None,
    rng_G: np.random.Generator | None,
) -> np.ndarray:
    """The index plan, int32 [iterations, batch_size]: row t begins with own[t] samples of D_I.

    own            int [iterations] (`own_samples`), the rest of a row comes from D_G; or bool: all
                   of a row or none of it
    D_I, D_G       indices of training images, [n_I] and [n_G]
    rng_I, rng_G   one generator each: draws from one source never change those from the other.
                   None will do for a source that no iteration draws from.
    """
    if own.dtype == bool:
        own = own * batch_size
    plan = np.empty((len(own), batch_size), np.int32)
    from_I = np.arange(batch_size) < own[:, None]
    for places, source, rng in ((from_I, D_I, rng_I), (~from_I, D_G, rng_G)):
        if count := int(places.sum()):
            plan[places] = stream(source, count, rng)
    return plan


def learning_rates(
    iterations: int, rate: float, decay_after: int = 0, decay: float = 1.0
) -> np.ndarray:
    """The learning rate of every iteration, float64 [iterations].

    It is `rate`, and `rate` times `decay` from iteration `decay_after` on; 0: constant.
    v1: 0.03, times 0.316 after epoch 65.
    """
    decayed = (np.arange(iterations) >= decay_after) & (decay_after > 0)
    return np.where(decayed, rate * decay, rate)
