from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from optim_core.study.comparison import holm, paired_difference


def test_a_paired_difference_is_scipys_t_test() -> None:
    random = np.random.default_rng(0)
    rival = random.normal(size=12)
    values = rival + random.normal(0.3, 0.5, size=12)
    expected = stats.ttest_rel(values, rival)
    low, high = expected.confidence_interval(0.95)
    difference = paired_difference(values, rival)
    assert difference.mean == pytest.approx(np.mean(values - rival), rel=1e-14)
    assert (difference.low, difference.high) == pytest.approx((low, high), rel=1e-12)
    assert difference.p == pytest.approx(expected.pvalue, rel=1e-12)


def test_equal_values_are_not_told_apart_and_a_constant_gap_is() -> None:
    values = np.array([1.0, 2.0, 4.0])
    assert paired_difference(values, values).p == 1
    assert paired_difference(values + 0.5, values) == paired_difference(values, values - 0.5)
    assert paired_difference(values + 0.5, values).p == 0


def test_a_seed_on_which_one_diverged_leaves_no_interval() -> None:
    difference = paired_difference(np.array([np.inf, 1.0]), np.array([2.0, 2.0]))
    assert np.isnan([difference.mean, difference.low, difference.high, difference.p]).all()


@pytest.mark.parametrize(("values", "rival"), [(np.ones(1), np.ones(1)), (np.ones(3), np.ones(4))])
def test_too_few_or_unpaired_seeds_are_refused(values: np.ndarray, rival: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"must be \(seeds,\) with at least 2 seeds"):
        paired_difference(values, rival)


def test_a_confidence_outside_0_to_1_is_refused() -> None:
    with pytest.raises(ValueError, match=r"confidence must be in \(0, 1\), got 95"):
        paired_difference(np.ones(3), np.zeros(3), 95)


def test_holm_by_hand() -> None:
    """The least times 4; then .02 · 3 = .06; .03 · 2 = .06, no less than the one before; .04 stays .06."""
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])


def test_holm_counts_no_question_that_has_no_answer_and_stays_below_1() -> None:
    adjusted = holm([float("nan"), 0.9, 0.3])
    assert np.isnan(adjusted[0])
    assert adjusted[1:] == pytest.approx([0.9, 0.6])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
