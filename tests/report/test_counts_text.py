"""Texts about people who have few classes."""

from perso.report import counts_text


def test_what_can_be_gained_is_what_the_baseline_leaves(make_run):
    assert "60.0 %" in counts_text.room_sentence(make_run("own"))
    assert "at most 40.0 points" in counts_text.room_sentence(make_run("own"))


def test_only_a_larger_run_stands_beside_the_own(make_run):
    own, large = make_run("own"), make_run("paper", people=100)
    found = counts_text.larger_run_sentence([own, large], "ES-n-40")
    assert found.startswith("In the larger published run paper (100 people), where ")
    assert "ES-n-40 changes accuracy by +20.0 [" in found
    alone = counts_text.larger_run_sentence([large, own], "ES-n-40")
    assert alone == "No published run of such people is larger."
