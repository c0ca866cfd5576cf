"""Variance components against lme4's documentation, and against simulated ones."""

import numpy as np
import pytest

from perso.stats.mixed import mixed_model

# lme4's Dyestuff: yields of five samples from each of six batches (Davies and Goldsmith 1972)
DYESTUFF = np.array(
    [
        1545,
        1440,
        1440,
        1520,
        1580,
        1540,
        1555,
        1490,
        1560,
        1495,
        1595,
        1550,
        1605,
        1510,
        1560,
        1445,
        1440,
        1595,
        1465,
        1545,
        1595,
        1630,
        1515,
        1635,
        1625,
        1520,
        1455,
        1450,
        1480,
        1445,
    ]
)
BATCH = np.repeat(list("ABCDEF"), 5)


def test_the_components_of_dyestuff_are_those_of_lme4():
    """R: lmer(Yield ~ 1 + (1 | Batch), Dyestuff).

    Variances 1764 and 2451, intercept 1527.5 with standard error 19.38.
    """
    found = mixed_model(DYESTUFF, {"batch": BATCH})
    assert found.sd["batch"] ** 2 == pytest.approx(1764.05, rel=1e-3)
    assert found.sd["residual"] ** 2 == pytest.approx(2451.25, rel=1e-3)
    line = found.effects.loc["mean"]
    assert line["mean"] == pytest.approx(1527.5)
    # t of 5 degrees of freedom
    assert (line["high"] - line["low"]) / (2 * 2.570582) == pytest.approx(19.38, 1e-3)


def people_methods_repeats(rng, people=12, methods=4, repeats=3):
    return (
        axis.ravel()
        for axis in np.meshgrid(range(people), range(methods), range(repeats), indexing="ij")
    )


def test_crossed_factors_are_separated():
    rng = np.random.default_rng(0)
    person, method, repeat = people_methods_repeats(rng, 40, 4, 12)
    values = 0.3 * method + rng.normal(0, 2, 40)[person] + rng.normal(0, 1, 12)[repeat]
    values += rng.normal(0, 0.7, (40, 4))[person, method] + rng.normal(0, 0.5, len(person))
    both = person * 100 + method
    found = mixed_model(
        values, {"person": person, "repeat": repeat, "person × method": both}, fixed=method
    )
    assert found.sd["person"] == pytest.approx(2, rel=0.35) and found.sd["repeat"] == pytest.approx(
        1, rel=0.5
    )
    assert found.sd["person × method"] == pytest.approx(0.7, rel=0.2)
    assert found.sd["residual"] == pytest.approx(0.5, rel=0.1)
    assert list(found.effects.index) == ["0", "1", "2", "3"]
    assert all(
        line.low < 0.3 * int(name) < line.high for name, line in found.effects.iloc[1:].iterrows()
    )


def test_a_common_generic_model_widens_the_interval():
    """As many values, but two generic models in place of one each: the mean is known less well."""
    rng = np.random.default_rng(1)
    person, generic = np.tile(np.arange(20), 4), np.repeat(np.arange(4), 20)
    values = (
        rng.normal(0, 1, 20)[person] * 0.2
        + np.array([-1.0, 1.2, 0.8, -0.9])[generic]
        + rng.normal(0, 0.3, 80)
    )
    wide = mixed_model(values, {"person": person, "generic model": generic}).effects.iloc[0]
    alone = mixed_model(values, {"person": person})
    narrow = alone.effects.iloc[0]
    # the models' differences hide the people's
    assert alone.sd["person"] < 0.2 and alone.sd["residual"] > 0.9
    assert wide["high"] - wide["low"] > 2 * (narrow["high"] - narrow["low"])


def test_repeats_may_be_unequal():
    keep = np.r_[:12, 13:27]
    assert mixed_model(DYESTUFF[keep], {"batch": BATCH[keep]}).sd["residual"] > 0


@pytest.mark.parametrize(
    ("random", "why"),
    [
        ({"person": np.zeros(30)}, "person: 1 levels of 30"),
        ({"repeat": np.arange(30)}, "repeat: 30 levels of 30"),
    ],
)
def test_a_factor_that_cannot_be_separated_is_an_error(random, why):
    with pytest.raises(ValueError, match=why):
        mixed_model(DYESTUFF, random)


def test_an_effect_that_people_and_repeats_do_not_vary_has_no_p():
    """Two methods a tenth apart for everybody: only rounding is left to measure by."""
    person, method = np.repeat(np.arange(12), 4), np.tile(["a", "b"], 24)
    random = {"person": person.astype(str), "repeat": np.tile([0, 0, 1, 1], 12).astype(str)}
    line = mixed_model(np.where(method == "a", 0.8, 0.9), random, method).effects.loc["b"]
    assert (
        line["mean"] == pytest.approx(0.1)
        and np.isnan(line[["low", "high", "p"]].astype(float)).all()
    )


def test_equal_scores_have_no_components():
    with pytest.raises(ValueError, match="do not vary"):
        mixed_model(np.ones(30), {"batch": BATCH})
