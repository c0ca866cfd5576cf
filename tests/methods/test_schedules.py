"""Algorithm 1 written out: the source of each iteration, and the image at each place."""

from fractions import Fraction

import numpy as np
import pytest

from perso.methods.method import Phase, Shaping
from perso.methods.schedules import (
    batches,
    iterations_per_epoch,
    learning_rates,
    schedule,
    stream,
    weighing_epoch,
)

same = np.testing.assert_array_equal


def as_text(from_I: np.ndarray) -> str:
    """A schedule as text: I where the batch comes from D_I, else G."""
    assert from_I.dtype == bool
    return "".join("I" if mine else "G" for mine in from_I)


def shaped(**terms) -> tuple:
    """The phases of a method in the papers' terms (`Shaping`)."""
    rate = {"late_rate": 0.1} if "late" in terms else {}
    return Shaping(**terms, **rate).phases


class InOrder:
    """In place of a generator: the first pass in order, the next one backwards, and so on."""

    def __init__(self):
        self.step = -1

    def permutation(self, source):
        self.step *= -1
        return source[:: self.step]


# --- schedules


@pytest.mark.parametrize(
    ("size", "batch_size", "n_iter"), [(1, 4, 1), (4, 4, 1), (5, 4, 2), (1884, 64, 30)]
)
def test_an_epoch_has_a_place_for_every_sample(size, batch_size, n_iter):
    assert iterations_per_epoch(size, batch_size) == n_iter


@pytest.mark.parametrize(
    ("n_I", "epoch"),
    [
        (1, "IIIIIIIIIIII"),
        (2, "GIGIGIGIGIGI"),
        (3, "GGIGGIGGIGGI"),
        (5, "GGGGIGGGGIGG"),
        ("12", "GGGGGGGGGGGI"),
        (13, "GGGGGGGGGGGG"),  # an epoch is too short for it
        ("3/2", "GGIGGIGGIGGI"),  # 3 and 6 are multiples of 3/2, as Algorithm 1 reads
        ("1/2", "IGIGIGIGIGIG"),
        (0.5, "IGIGIGIGIGIG"),
        ("1/4", "IIIGIIIGIIIG"),
        ("1/8", "IIIIIIIGIIII"),
        ("2/3", "IIGIIGIIGIIG"),
    ],
)
def test_one_epoch_of_sample_weighing(n_I, epoch):
    assert as_text(weighing_epoch(12, n_I)) == epoch


@pytest.mark.parametrize("n_I", [0.88, "0.88", "22/25", Fraction(22, 25)])
def test_a_literal_88_percent_leaves_d_g_every_25th_batch(n_I):
    assert as_text(weighing_epoch(60, n_I)) == "I" * 24 + "G" + "I" * 24 + "G" + "I" * 10


@pytest.mark.parametrize(
    "n_I", ["1", "2", "7", "12", "5/2", "1/3", "1/8", "1/12", "3/4", "0.88", "0.3"]
)
def test_weighing_is_line_11_word_for_word(n_I):
    n = Fraction(n_I)
    line_11 = [(n >= 1 and j % n == 0) or (n < 1 and j % (1 / n) != 0) for j in range(1, 101)]
    assert weighing_epoch(100, n_I).tolist() == line_11


def test_half_of_d_g_is_seen_per_epoch_at_2():
    assert (~weighing_epoch(100, 2)).mean() == 0.5


@pytest.mark.parametrize("n_I", [0, -1, "-1/2", "0", "often"])
def test_n_i_must_be_a_number_above_0(n_I):
    with pytest.raises(ValueError):
        weighing_epoch(10, n_I)


@pytest.mark.parametrize(
    ("arguments", "whole"),
    [
        ({}, "GGGGG GGGGG"),
        ({"early": 3}, "III GGGGG GGGGG"),
        ({"n_I": "2"}, "GIGIG GIGIG"),
        ({"n_I": "3"}, "GGIGG GGIGG"),  # each epoch counts from 1
        ({"n_I": "1"}, "IIIII IIIII"),
        ({"n_I": "1/2"}, "IGIGI IGIGI"),
        ({"n_I": "1/4"}, "IIIGI IIIGI"),
        ({"late": 3}, "GGGGG GGGGG III"),
        ({"extra": 3}, "GGG GGGGG GGGGG"),
        ({"early": 2, "late": 1}, "II GGGGG GGGGG I"),
        ({"early": 2, "extra": 3}, "II GGG GGGGG GGGGG"),
        ({"early": 1, "extra": 1, "n_I": "2", "late": 2}, "I G GIGIG GIGIG II"),
    ],
    ids=str,
)
def test_a_whole_schedule(arguments, whole):
    assert as_text(schedule(shaped(**arguments), 5, 2)) == whole.replace(" ", "")


@pytest.mark.parametrize(
    ("draws", "epochs", "whole"),
    [
        ("I", 0.5, "IIIII"),
        ("I", 0.12, "I"),  # 1.2 iterations
        ("I", 0.01, "I"),  # one at least
        ("G", 1.5, "GGGGGGGGGGGGGGG"),
        ("2", 0.7, "GIGIGGI"),  # each epoch counts from 1
    ],
)
def test_a_length_may_be_a_share_of_the_epochs(draws, epochs, whole):
    """Of two epochs of 5 iterations."""
    assert as_text(schedule([Phase(draws, epochs=epochs)], 5, 2)) == whole


def test_whole_numbers_of_epochs_are_one_length():
    assert Phase("G", epochs=2.0) == Phase("G", epochs=2)
    assert isinstance(Phase("G", epochs=2.0).epochs, int)


def test_a_generic_start_leaves_late_iterations_alone():
    assert as_text(schedule(shaped(epochs_factor=0, late=3), 5, 2)) == "III"
    assert as_text(schedule((), 5, 2)) == ""


# --- index plans

D_I, D_G = np.array([1, 2, 3]), np.array([10, 11, 12, 13, 14])


@pytest.mark.parametrize(
    ("arguments", "plan"),
    [
        ({}, [[10, 11], [12, 13], [14, 14], [13, 12], [11, 10], [10, 11]]),
        (
            {"early": 2},
            [[1, 2], [3, 3], [10, 11], [12, 13], [14, 14], [13, 12], [11, 10], [10, 11]],
        ),
        ({"n_I": "2"}, [[10, 11], [1, 2], [12, 13], [14, 14], [3, 3], [13, 12]]),
        ({"n_I": "1/2"}, [[1, 2], [10, 11], [3, 3], [2, 1], [12, 13], [1, 2]]),
        ({"late": 1}, [[10, 11], [12, 13], [14, 14], [13, 12], [11, 10], [10, 11], [1, 2]]),
        ({"extra": 1}, [[10, 11], [12, 13], [14, 14], [13, 12], [11, 10], [10, 11], [12, 13]]),
        (
            {"early": 1, "n_I": "3", "late": 1},
            [[1, 2], [10, 11], [12, 13], [3, 3], [14, 14], [13, 12], [2, 1], [1, 2]],
        ),
    ],
    ids=str,
)
def test_a_whole_plan(arguments, plan):
    drawn = batches(schedule(shaped(**arguments), 3, 2), D_I, D_G, 2, InOrder(), InOrder())
    assert drawn.tolist() == plan
    assert drawn.dtype == np.int32


def test_a_source_smaller_than_a_batch_is_permuted_again():
    plan = batches(np.array([True, True]), D_I, D_G, 5, InOrder(), InOrder())
    assert plan.tolist() == [[1, 2, 3, 3, 2], [1, 1, 2, 3, 3]]


def test_a_source_that_no_batch_is_drawn_from_may_be_empty():
    assert batches(np.array([False]), D_I[:0], D_G, 5, None, InOrder()).tolist() == [
        [10, 11, 12, 13, 14]
    ]
    assert batches(np.array([True]), D_I, D_G[:0], 3, InOrder(), None).tolist() == [[1, 2, 3]]


def test_an_empty_source_cannot_be_drawn_from():
    with pytest.raises(ValueError, match="without samples"):
        stream(D_I[:0], 1, np.random.default_rng(0))
    with pytest.raises(ValueError, match="without samples"):
        batches(
            np.array([True]), D_I[:0], D_G, 2, np.random.default_rng(0), np.random.default_rng(0)
        )


MANY_I, MANY_G = np.arange(100, 137), np.arange(1000, 1211)  # no multiple of a batch
METHODS = {
    "baseline": schedule(shaped(), 14, 6),
    "early": schedule(shaped(early=9), 14, 6),
    "often": schedule(shaped(n_I="1/8"), 14, 6),
    "seldom": schedule(shaped(n_I="12"), 14, 6),
    "late": schedule(shaped(late=9), 14, 6),
    "global_extra": schedule(shaped(early=5, n_I="2", late=5, extra=3), 14, 6),
}


def drawn(from_I: np.ndarray, seed: int = 0) -> np.ndarray:
    """A method's plan, from generators that are equal for all of them."""
    return batches(
        from_I, MANY_I, MANY_G, 16, np.random.default_rng(seed), np.random.default_rng(seed + 1)
    )


@pytest.mark.parametrize("name", METHODS)
def test_a_batch_lies_wholly_in_its_source(name):
    same(np.isin(drawn(METHODS[name]), MANY_I), np.repeat(METHODS[name][:, None], 16, axis=1))


@pytest.mark.parametrize("name", METHODS)
def test_a_pass_holds_every_sample_once_whatever_the_borders_of_batches(name):
    from_I, plan = METHODS[name], drawn(METHODS[name])
    for rows, source in ((plan[from_I], MANY_I), (plan[~from_I], MANY_G)):
        whole = rows.size // len(source) * len(source)
        for one_pass in rows.ravel()[:whole].reshape(-1, len(source)):
            same(np.sort(one_pass), source)
        rest = rows.ravel()[whole:]
        assert len(np.unique(rest)) == len(rest)


@pytest.mark.parametrize("one", METHODS)
@pytest.mark.parametrize("other", METHODS)
def test_methods_draw_equal_batches_wherever_they_draw_from_the_same_source(one, other):
    for mask in (lambda from_I: from_I, np.logical_not):
        mine, theirs = (drawn(METHODS[name])[mask(METHODS[name])] for name in (one, other))
        shared = min(len(mine), len(theirs))
        same(mine[:shared], theirs[:shared])


def test_passes_and_seeds_differ():
    first, second = stream(MANY_G, 2 * len(MANY_G), np.random.default_rng(0)).reshape(2, -1)
    assert (first != second).any() and (first != MANY_G).any()
    assert (drawn(METHODS["often"]) != drawn(METHODS["often"], seed=5)).any()


@pytest.mark.parametrize("count", [0, 1, 36, 37, 38, 100])
def test_a_longer_stream_begins_with_the_shorter(count):
    short, long = (stream(MANY_I, n, np.random.default_rng(3)) for n in (count, 150))
    assert len(short) == count
    same(short, long[:count])


# --- learning rates


def test_v1s_learning_rate_falls_once_after_epoch_65():
    rates = learning_rates(200, 0.03, decay_after=65 * 2, decay=0.316)
    assert rates[129] == 0.03 and rates[130] == 0.03 * 0.316
    same(np.unique(rates), [0.03 * 0.316, 0.03])
    assert len(rates) == 200


@pytest.mark.parametrize("arguments", [{}, {"decay": 0.1}, {"decay_after": 12, "decay": 0.1}])
def test_without_a_step_within_the_run_the_learning_rate_stays(arguments):
    same(learning_rates(12, 0.001, **arguments), np.full(12, 0.001))
