import numpy as np
import pytest
import torch
from torch.optim.swa_utils import get_ema_multi_avg_fn

from optim_core.averaging import exponential_average


def test_hand_worked():
    # .5 · 0 + .5 · 4 = 2, .5 · 2 + .5 · 4 = 3
    assert exponential_average(np.array([0.0, 4.0, 4.0]), 0.5).tolist() == [0, 2, 3]


def test_it_is_torchs_average():
    path = np.random.default_rng(0).normal(size=(30, 2, 3))
    average, update = torch.from_numpy(path[0].copy()), get_ema_multi_avg_fn(0.9)
    ours = exponential_average(path, 0.9)
    for row in range(1, 30):
        update([average], [torch.from_numpy(path[row])], row)
        np.testing.assert_allclose(ours[row], average.numpy(), rtol=1e-12, atol=1e-15)


def test_no_decay_is_the_path_itself():
    path = np.arange(12.0).reshape(6, 2)
    assert (exponential_average(path, 0.0) == path).all()


@pytest.mark.parametrize("decay", [1.0, -0.1, float("nan")])
def test_a_decay_outside_its_range_is_refused(decay):
    with pytest.raises(ValueError, match=r"decay must be in \[0, 1\), got"):
        exponential_average(np.zeros((3, 2)), decay)
