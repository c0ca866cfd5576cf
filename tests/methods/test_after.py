"""Prune and mix: which weights keep their movement."""

import numpy as np
import pytest

from perso.methods.after import Movement, Pruned

SHAPES = {"a.weight": (8, 5), "a.bias": (8,), "b.weight": (8,), "c.weight": (40, 2), "head": (3, 8)}
MATRICES = ("a.weight", "c.weight")
ENTRIES = 120


def movement(accuracy) -> Movement:
    """Weights drawn at random; `accuracy` of weights as given."""
    rng = np.random.default_rng(1)
    start, end = (
        {name: rng.normal(size=shape) for name, shape in SHAPES.items()} for _ in range(2)
    )
    return Movement(start, end, accuracy, np.random.default_rng(2))


def kept(found: dict, moved: Movement) -> np.ndarray:
    """Which entries of the matrices are the end's."""
    return np.concatenate([(found[name] == moved.end[name]).ravel() for name in MATRICES])


def pruned_share(weights: dict) -> float:
    return np.mean([np.mean(weights[name] == 0) for name in MATRICES])


def test_where_no_weight_matters_95_percent_are_pruned():
    moved = movement(lambda weights: 0.9)
    assert kept(Pruned()(moved), moved).sum() == round(0.05 * ENTRIES)


def test_where_every_weight_matters_none_is_pruned():
    moved = movement(lambda weights: 1.0 if pruned_share(weights) == 0 else 0.0)
    assert kept(Pruned()(moved), moved).all()


def test_the_accuracy_of_what_is_kept_is_tolerated():
    moved = movement(lambda weights: 1 - pruned_share(weights) ** 2)
    found = Pruned(tolerance=0.1, rest="zero")(moved)
    assert 0.9 <= moved.accuracy(found) < 0.95
    further = Pruned(tolerance=0.2, rest="zero")(moved)
    assert moved.accuracy(further) < moved.accuracy(found)


@pytest.mark.parametrize("keep", ["largest", "smallest", "random"])
def test_controls_keep_as_many(keep):
    moved = movement(lambda weights: 1 - pruned_share(weights))
    mask = kept(Pruned(0.5, keep=keep)(moved), moved)
    assert mask.sum() == kept(Pruned(0.5)(moved), moved).sum() == ENTRIES / 2
    magnitudes = np.abs(np.concatenate([moved.end[name].ravel() for name in MATRICES]))
    inside, outside = magnitudes[mask], magnitudes[~mask]
    assert (inside.min() >= outside.max()) == (keep == "largest")
    assert (inside.max() <= outside.min()) == (keep == "smallest")


@pytest.mark.parametrize("rest", ["start", "zero"])
def test_what_is_pruned_becomes_the_start_or_zero(rest):
    moved = movement(lambda weights: 0.9)
    found = Pruned(rest=rest)(moved)
    for name in MATRICES:
        changed = found[name] != moved.end[name]
        wanted = moved.start[name][changed] if rest == "start" else 0
        assert changed.any() and (found[name][changed] == wanted).all()


@pytest.mark.parametrize("keep", ["largest", "smallest", "random"])
def test_head_biases_and_normalisation_are_kept(keep):
    moved = movement(lambda weights: 0.9)
    found = Pruned(keep=keep)(moved)
    assert all(np.array_equal(found[name], moved.end[name]) for name in SHAPES.keys() - {*MATRICES})


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"keep": "best"}, "keep 'best'"),
        ({"rest": "end"}, "rest 'end'"),
        ({"step": 0}, "step 0"),
        ({"tolerance": 2}, "tolerance 2"),
    ],
)
def test_fields_that_make_no_sense_are_refused(fields, problem):
    with pytest.raises(ValueError, match=problem):
        Pruned(**fields)
