"""What chapters glue and their tables of pairs say what the rows show."""

import numpy as np
import pandas as pd
import pytest

from perso.analysis import comparison
from perso.methods.method import BASELINE
from perso.report import answers, sentences

ES = "ES-n-40"
NOISE = np.array([-0.01, 0.0, 0.0, 0.01])


def rows(**levels: tuple[float, float]) -> pd.DataFrame:
    """Four people's rows of methods, from mean accuracies on D_I and on D_G."""
    lines = [
        (name, person, on_I + place * noise, on_G + place * noise / 10)
        for place, (name, (on_I, on_G)) in enumerate(levels.items())
        for person, noise in enumerate(NOISE)
    ]
    table = pd.DataFrame(lines, columns=["method", "person", "acc_I", "acc_G"])
    return table.assign(fold=0, repeat=0, iterations=9, own_iterations=9, n_G=8, hits_G=b"\xf0")


@pytest.mark.parametrize(
    ("on_I", "word", "number"),
    [
        (0.9, "raises", "+10.0 ["),
        (0.7, "lowers", "-10.0 ["),
        (0.801, "does not clearly change", "+0.1 ["),
    ],
)
def test_the_verb_fits_the_interval(on_I, word, number):
    texts = answers.change_texts(rows(BaseLine=(0.8, 0.9), A=(on_I, 0.95)), "A")
    assert texts["I_verb"] == word and texts["I"].startswith(number)
    assert texts["G_verb"] == "raises" and texts["G"].startswith("+5.0 [")


def test_a_method_that_was_not_run_is_named_as_such(small_rows):
    texts = answers.change_texts(small_rows, "SW-n-2")
    assert texts["I"] == "unknown" and "was not run" in texts["I_verb"]
    assert "not run" in answers.pair_table(small_rows, [("?", "SW-n-2", BASELINE)]).data
    assert "not run" in answers.trend_table(small_rows, [(BASELINE, "SW-n-2", ES)]).data


def test_one_persons_change_has_no_direction(small_rows):
    texts = answers.change_texts(small_rows.query("person == 0"), ES)
    assert texts["I"] == "+20.0" and texts["I_verb"] == "does not clearly change"


def test_levels_are_in_percent(small_rows):
    texts = answers.level_texts(comparison.compare(small_rows), BASELINE)
    assert (texts["I_mean"], texts["I_sd"], texts["I_min"]) == ("60.0", "10.0", "50.0")
    assert (texts["G_mean"], texts["G_max"]) == ("40.0", "50.0")


def test_the_best_is_a_shaping_method_or_a_control(small_rows):
    union = small_rows.assign(method=small_rows["method"].replace({ES: "own data in the union"}))
    both = pd.concat([small_rows, union]).drop_duplicates(["method", "person"])
    table = comparison.compare(both)
    assert answers.best_method(table, "D_I") == ES
    assert answers.best_method(table, "D_I", control=True) == "own data in the union"
    assert answers.best_method(comparison.compare(small_rows), "D_I", control=True) == "unknown"


def test_a_lead_is_one_only_where_its_interval_shows_it():
    found = rows(BaseLine=(0.8, 0.9), A=(0.9, 0.9), B=(0.9005, 0.9))
    clear, open_ = (answers.lead_sentence(found, "B", other, "D_I") for other in (BASELINE, "A"))
    assert clear.startswith(f"On the individual's own data it beats {BASELINE} (+10.")
    assert open_.startswith("On the individual's own data it is not shown to beat A (+0.")
    assert answers.lead_sentence(found, "A", "A", "D_I") == ""
    assert answers.lead_sentence(found, "A", "not run", "D_I") == ""


def test_the_published_verdict_on_a_claim_has_its_run_and_numbers(tmp_path):
    texts = answers.verdict_texts(17)
    assert texts["word"] == "reproduced" and texts["run"] == "quick-long"
    assert texts["people"] == "24" and texts["1"].startswith("+0.8 [")
    assert answers.verdict_texts(17, tmp_path)["word"] == "not tested"


def test_equivalence_is_claimed_only_where_it_is_shown():
    near = answers.equivalence_texts(rows(BaseLine=(0.8, 0.9), A=(0.8, 0.9)), "A", BASELINE)
    assert (near["I_result"], near["G_result"]) == ("not decided", "equivalent")
    far = answers.equivalence_texts(rows(BaseLine=(0.8, 0.9), A=(0.7, 0.91)), "A", BASELINE)
    assert (far["I_result"], far["G_result"]) == ("different", "different")


def test_differences_that_do_not_vary_decide_nothing():
    same = rows(BaseLine=(0.8, 0.9))
    both = pd.concat([same, same.assign(method="A", acc_G=same["acc_G"] - 0.02)])
    texts = answers.equivalence_texts(both, "A", BASELINE)
    assert (texts["I_result"], texts["G_result"]) == ("not decided", "not decided")


def test_a_pair_is_a_line_with_symbols(small_rows):
    shown = answers.pair_table(small_rows, [("D_I & D_G", ES, BASELINE)], margins=True).data
    assert "<i>D<sub>I</sub></i> &amp; <i>D<sub>G</sub></i>" in shown
    assert "+20.0 [" in shown and "D_I" not in shown
    assert all(f"</sub></i> within ±{margin}</th>" in shown for margin in (0.5, 0.2))
    assert "within" not in answers.pair_table(small_rows, [("", ES, BASELINE)]).data


def test_a_control_on_another_person_is_not_compared_on_d_g():
    another = f"{ES} on another person"
    of_both = rows(**{ES: (0.8, 0.8), another: (0.7, 0.8), BASELINE: (0.6, 0.8)})
    shown = answers.pair_table(of_both, [("", ES, BASELINE), ("", ES, another)]).data
    assert f"<td>{sentences.NOT_COMPARED}</td>" in shown
    assert shown.count("same networks in another order") == 1
    assert "same networks" not in answers.pair_table(of_both, [("", ES, BASELINE)]).data
    sentence = sentences.difference_sentence(of_both, ES, another)
    assert sentence.endswith(" points on D_I; the same networks in another order on D_G")


def test_a_trend_is_one_that_all_people_follow():
    falls = rows(BaseLine=(0.7, 0.9), A=(0.8, 0.8), B=(0.9, 0.7))
    rise, fall = answers.trend_ps(falls, ("BaseLine", "A", "B"))
    assert rise == fall == pytest.approx((1 / 6) ** 4)  # one of six orders, for all
    assert answers.trend_ps(falls, ("B", "A", "BaseLine")) == pytest.approx((1, 1))


def test_texts_are_glued_under_their_name(capsys):
    answers.glue_texts("es", {"I": "+1.0", "I_verb": "raises"})
    assert "es_I: +1.0" in capsys.readouterr().out
