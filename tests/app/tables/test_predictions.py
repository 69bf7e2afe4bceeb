"""Who is ahead, and what is said of a guess."""

from math import nan

from app.tables.predictions import leaders, verdict

NAMES = ("SGD", "Lookahead", "Multilayer")


def test_several_lead_where_they_tie_and_a_diverged_run_never_does():
    assert leaders([1.0, 3.0, 2.0]) == (1,)
    assert leaders([3.0, nan, 3.0]) == (0, 2)
    assert leaders([nan, nan]) == ()


def test_a_guess_is_right_if_it_is_one_of_those_that_lead():
    ends = ["97 %", "96 %", "97 %"]
    assert verdict("Best", NAMES, ends, (0, 2), 2) == "Best: **SGD** and **Multilayer**, 97 %. You said so."
    assert verdict("Best", NAMES, ends, (0,), 1) == "Best: **SGD**, 97 %. You said **Lookahead**: 96 %."
    assert verdict("Best", NAMES, ends, (0,), None) == "Best: **SGD**, 97 %."
    assert verdict("Best", NAMES, ["diverged"] * 3, (), 1) == "Best: none, all diverged."
