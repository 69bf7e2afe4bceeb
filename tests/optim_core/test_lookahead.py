"""The algorithm itself, against arithmetic done by hand."""

import pytest
import torch

from optim_core import Layer, Lookahead, MultilayerLookahead


def ascent(layers: list[tuple[int, float]], steps: int) -> tuple[list[float], list[int], MultilayerLookahead]:
    """Fast weights after each step with gradient −1, learning rate 1, start 0: a base step adds 1."""
    parameter = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    k, alpha = zip(*layers, strict=True)
    optimizer = MultilayerLookahead(torch.optim.SGD([parameter], lr=1.0), k, alpha)
    path, synchronised = [], []
    for _ in range(steps):
        parameter.grad = -torch.ones_like(parameter)
        optimizer.step()
        path.append(parameter.item())
        synchronised.append(optimizer.synchronised)
    return path, synchronised, optimizer


def test_one_layer_by_hand() -> None:
    path, synchronised, _ = ascent([(3, 0.5)], 7)
    assert path == [1, 2, 1.5, 2.5, 3.5, 3, 4]
    assert synchronised == [0, 0, 1, 0, 0, 1, 0]


def test_two_layers_by_hand() -> None:
    path, synchronised, optimizer = ascent([(2, 0.5), (3, 0.5)], 14)
    assert path == [1, 1, 2, 2, 3, 1.5, 2.5, 2.5, 3.5, 3.5, 4.5, 3, 4, 4]
    assert synchronised == [0, 1, 0, 1, 0, 2, 0, 1, 0, 1, 0, 2, 0, 1]
    assert [w.item() for w in optimizer.slow_weights(1) + optimizer.slow_weights(-1)] == [4, 3]


def test_lookahead_is_one_layer() -> None:
    optimizer = Lookahead(torch.optim.SGD([torch.nn.Parameter(torch.zeros(2))], lr=0.1))
    assert optimizer.layers == (Layer(5, 0.5),)


def test_advance_without_capture_says_what_to_do() -> None:
    optimizer = Lookahead(torch.optim.SGD([torch.nn.Parameter(torch.zeros(2))], lr=0.1))
    with pytest.raises(RuntimeError, match="capture"):
        optimizer.advance()
