"""The noisy quadratic: contraction and steady-state variance of the outermost slow weights, in closed form."""

import pytest
import torch

from optim_core import MultilayerLookahead

C, Q, ROWS = 0.95, 0.01, 20_000  # x ← C x + noise of variance Q

STACKS = {  # the variances were simulated independently of this class
    ((5, 0.5),): 0.0482,
    ((5, 0.5), (5, 0.5)): 0.0210,
    ((5, 0.5), (4, 0.8), (3, 0.5)): 0.01475,
}


def factor_and_variance(layers):
    """ρ_i = 1 − α + α ρ^k, q_i = α² q Σ_{j<k} ρ^{2j}; the variance is q_n / (1 − ρ_n²)."""
    rho, q = C, Q
    for k, alpha in layers:
        rho, q = 1 - alpha + alpha * rho**k, alpha**2 * q * sum(rho ** (2 * j) for j in range(k))
    return rho, q / (1 - rho**2)


def outer_steps(layers, count, start):
    """Rows of independent runs after each step of the outermost layer."""
    parameter = torch.nn.Parameter(torch.full((ROWS,), start, dtype=torch.float64))
    k, alpha = zip(*layers, strict=True)
    optimizer = MultilayerLookahead(torch.optim.SGD([parameter], lr=1.0), k, alpha)
    generator = torch.Generator().manual_seed(5)
    while count:
        noise = torch.randn(ROWS, generator=generator, dtype=torch.float64) * Q**0.5
        parameter.grad = (1 - C) * parameter.detach() - noise
        optimizer.step()
        if optimizer.synchronised == len(layers):
            count -= 1
            yield optimizer.slow_weights(-1)[0]


@pytest.mark.parametrize("layers", STACKS)
def test_the_mean_contracts_by_rho(layers):
    rho, variance = factor_and_variance(layers)
    (after,) = outer_steps(layers, 1, 100.0)
    assert after.mean().item() == pytest.approx(100 * rho, abs=5 * (variance / ROWS) ** 0.5)


@pytest.mark.parametrize("layers", STACKS)
def test_the_variance_settles_where_the_recursion_says(layers):
    _, variance = factor_and_variance(layers)
    assert variance == pytest.approx(STACKS[layers], rel=5e-3)
    *_, last = outer_steps(layers, 22, 0.0)
    assert last.var().item() == pytest.approx(variance, rel=0.04)  # four standard errors of 20,000 rows
