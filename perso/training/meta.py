"""Meta-learning: a start from which few steps on one person's samples go far.

It knows plans and states, no people. In each round some models train for a few steps from the same
state, each on its own plan, and the rule makes the state of the next round from their ends:

reptile   θ + share · (mean θ_i − θ), θ_i after the last step (Nichol et al. 2018)
maml      θ + share · mean (θ_i − θ_i'), θ_i' before the last step: first-order MAML, a step along
          the mean of the last gradients, as long as the models' own for a share of 1

The running statistics of batch norm follow reptile's rule in both.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from perso.training import engine, subsets
from perso.training.models import State
from perso.training.recipe import Recipe


def meta_learned(
    recipe: Recipe,
    samples: engine.Samples,
    state: State,
    plans: np.ndarray,
    seeds: Sequence[Sequence[int]],
    rule: str,
    rate: float,
    share: float,
) -> State:
    """The state after all rounds, from `state` on.

    plans         int [rounds, models, steps, B]
    seeds         of the dropout masks, [rounds][models]
    rule, share   see above
    rate          of the models' steps, plain SGD
    """
    # One model a network, as another number of lanes would round differently. No graph, as its
    # capture is not worth so few steps.
    how = replace(
        recipe,
        optimiser="sgd",
        momentum=0.0,
        weight_decay=0.0,
        lanes=1,
        in_flight=plans.shape[1],
        graph=False,
    )
    weights = set(subsets.trained_names(how.network(), "all"))
    steps = plans.shape[2]
    for round_plans, round_seeds in zip(plans, seeds, strict=True):
        runs = [
            engine.Run(plan, np.full(steps, rate), state, seed)
            for plan, seed in zip(round_plans, round_seeds, strict=True)
        ]
        found = engine.train(how, samples, runs, (steps - 1, steps))
        state = next_start(state, found[steps - 1], found[steps], weights, rule, share)
    return state


def next_start(
    state: State,
    before: Sequence[State],
    ends: Sequence[State],
    weights: set[str],
    rule: str,
    share: float,
) -> State:
    """The state that the next round starts from.

    before, ends   of the models, before and after their last step
    weights        names in the state; all others are statistics
    """
    found = {}
    for name, value in state.items():
        end = torch.stack([each[name] for each in ends])
        if not value.is_floating_point():  # a counter of a network of the user's own
            found[name] = end[0]
            continue
        from_here = value
        if rule == "maml" and name in weights:
            from_here = torch.stack([each[name] for each in before])
        found[name] = value + share * (end - from_here).mean(0)
    return found
