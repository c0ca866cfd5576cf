"""Mixed models: means whose errors know that people, repeats and a common generic model were drawn at random."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.regression.mixed_linear_model import MixedLM


@dataclass(frozen=True)
class MixedModel:
    """Fixed effects and what is random, in the unit of the values (REML)."""

    effects: (
        pd.DataFrame
    )  # a line per fixed effect: mean, low, high (95 %), p, by Student's t; nan without spread
    sd: dict[str, float]  # over the levels of every random factor, and of the residual


def mixed_model(
    values: np.ndarray, random: Mapping[str, np.ndarray], fixed: np.ndarray | None = None
) -> MixedModel:
    """Means of values [n] by the levels of `fixed` [n], with crossed random factors (statsmodels' MixedLM).

    random   {name: level of every value, [n]}
    fixed    the first level has its mean, the others their difference to it; None: one mean of all
    Degrees of freedom are the levels of the random factor that has fewest, less one: right for a balanced mean, safe
    for differences within people. ValueError where a factor has one level, or one per value: it cannot be told from
    the mean, or from the residual.
    """
    values = np.asarray(values, float)
    for name, levels in random.items():
        if not 1 < (count := len(set(levels))) < len(values):
            raise ValueError(
                f"{name}: {count} levels of {len(values)} values cannot be told from the rest"
            )
    scale = values.std()
    if scale < 1e-12:
        raise ValueError("the values do not vary")
    frame = pd.DataFrame(
        {f"r{place}": list(map(str, levels)) for place, levels in enumerate(random.values())}
    )
    frame["value"], names = (
        (values - values.mean()) / scale,
        ["mean"],
    )  # the optimiser wants numbers near 0 and 1
    formula = "value ~ 1"
    if fixed is not None:
        names = list(dict.fromkeys(map(str, fixed)))
        frame["fixed"] = pd.Categorical(list(map(str, fixed)), names)
        formula += " + fixed"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a variance of 0 is an answer, not a failure
        fitted, variances = fit_model(
            formula, frame, tuple(f"r{place}" for place in range(len(random)))
        )
    freedom = (
        min(len(set(levels)) for levels in random.values()) - 1
        if random
        else len(values) - len(names)
    )
    mean, error = (np.asarray(each)[: len(names)] for each in (fitted.params, fitted.bse))
    error = np.where(
        error > 1e-9, error, np.nan
    )  # of rounding alone, where nothing varies beyond `fixed`
    mean = scale * mean + np.r_[values.mean(), np.zeros(len(names) - 1)]
    reach = stats.t.ppf(0.975, freedom) * scale * error
    effects = pd.DataFrame({"mean": mean, "low": mean - reach, "high": mean + reach})
    effects["p"] = 2 * stats.t.sf(np.abs(mean) / (scale * error), freedom)
    sd = {
        name: scale * float(np.sqrt(variances.get(f"r{place}", 0.0)))
        for place, name in enumerate(random)
    }
    return MixedModel(
        effects.set_axis(names), sd | {"residual": scale * float(np.sqrt(fitted.scale))}
    )


def fit_model(formula: str, frame: pd.DataFrame, random: tuple[str, ...]):
    """The fitted model and the variances of its random factors.

    MixedLM fails where a variance is zero; then the likeliest model without one of the factors is taken.
    """
    if not random:
        return OLS.from_formula(formula, frame).fit(), {}
    parts = {name: f"0 + C({name})" for name in random}
    model = MixedLM.from_formula(
        formula, frame, re_formula="0", vc_formula=parts, groups=np.ones(len(frame))
    )
    try:
        fitted = model.fit(reml=True, method=["powell"])  # gradients leave the path near 0
        return fitted, dict(zip(model.exog_vc.names, fitted.vcomp, strict=True))
    except np.linalg.LinAlgError:
        fewer = [
            fit_model(formula, frame, tuple(name for name in random if name != out))
            for out in random
        ]
        return max(fewer, key=lambda found: found[0].llf)
