"""Mixed models: means whose errors include that people, repeats and generic networks are random."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.regression.mixed_linear_model import MixedLM

from perso.stats.paired import ROUNDING


@dataclass(frozen=True)
class MixedModel:
    """Fixed effects and random factors, in the unit of the values (REML)."""

    # one line per fixed effect: mean, low, high (95 %) and p by Student's t; nan without spread
    effects: pd.DataFrame
    sd: dict[str, float]  # SD over the levels of every random factor, and of the residual


def mixed_model(
    values: np.ndarray, random: Mapping[str, np.ndarray], fixed: np.ndarray | None = None
) -> MixedModel:
    """Means of values [n] by the levels of `fixed`, with crossed random factors (REML).

    random   {name: the level of every value, [n]}
    fixed    the level of every value, [n]: the mean of the first level, and the differences of the
             others to it; None: one mean of all values
    The degrees of freedom are those of the random factor with the fewest levels, levels - 1. That
    is right for a balanced mean and conservative for differences within people.
    ValueError where values do not vary, or where a factor cannot be separated from the mean (one
    level) or from the residual (a level per value).
    """
    values = np.asarray(values, float)
    for name, levels in random.items():
        count = len(set(levels))
        if not 1 < count < len(values):
            raise ValueError(
                f"{name}: {count} levels of {len(values)} values; possible: 2 to {len(values) - 1}"
            )
    scale = values.std()
    if scale < ROUNDING:
        raise ValueError("the values do not vary")

    # names that a formula can hold: r0, r1, … for the random factors
    columns = {name: f"r{place}" for place, name in enumerate(random)}
    frame = pd.DataFrame({columns[name]: list(map(str, random[name])) for name in random})
    frame["value"] = (values - values.mean()) / scale  # the optimiser needs numbers near 0 and 1
    names = ["mean"]
    formula = "value ~ 1"
    if fixed is not None:
        names = list(dict.fromkeys(map(str, fixed)))
        frame["fixed"] = pd.Categorical(list(map(str, fixed)), names)
        formula += " + fixed"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a variance of 0 is a result, not a failure
        fitted, variances = fit_model(formula, frame, tuple(columns.values()))

    counts = [len(set(levels)) for levels in random.values()]
    freedom = min(counts) - 1 if counts else len(values) - len(names)
    mean = np.asarray(fitted.params)[: len(names)]
    error = np.asarray(fitted.bse)[: len(names)]
    # where nothing varies beyond `fixed`, the error is rounding alone
    error = np.where(error > 1e-9, error, np.nan)
    mean = scale * mean + np.r_[values.mean(), np.zeros(len(names) - 1)]
    reach = stats.t.ppf(0.975, freedom) * scale * error
    effects = pd.DataFrame({"mean": mean, "low": mean - reach, "high": mean + reach})
    effects["p"] = 2 * stats.t.sf(np.abs(mean) / (scale * error), freedom)
    sd = {
        name: scale * float(np.sqrt(variances.get(column, 0.0))) for name, column in columns.items()
    }
    sd["residual"] = scale * float(np.sqrt(fitted.scale))
    return MixedModel(effects.set_axis(names), sd)


def fit_model(formula: str, frame: pd.DataFrame, random: tuple[str, ...]):
    """The fitted statsmodels model, and {random factor: variance}.

    MixedLM fails where the variance of a factor is zero. Then it is the most likely of the models
    that leave one factor out.
    """
    if not random:
        return OLS.from_formula(formula, frame).fit(), {}
    model = MixedLM.from_formula(
        formula,
        frame,
        re_formula="0",
        vc_formula={name: f"0 + C({name})" for name in random},
        groups=np.ones(len(frame)),
    )
    try:
        # Powell needs no gradients; these lead other optimisers astray near a variance of 0
        fitted = model.fit(reml=True, method=["powell"])
        return fitted, dict(zip(model.exog_vc.names, fitted.vcomp, strict=True))
    except np.linalg.LinAlgError:
        candidates = [
            fit_model(formula, frame, tuple(name for name in random if name != left_out))
            for left_out in random
        ]
        return max(candidates, key=lambda candidate: candidate[0].llf)
