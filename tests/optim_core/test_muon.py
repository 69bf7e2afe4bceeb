"""Muon: beside torch's own on matrices, beside AdamW on the rest, and with slow weights around it."""

import copy

import pytest
import torch
from torch import nn

from optim_core import MultilayerLookahead
from optim_core.muon import Muon, orthogonal
from optim_core.spec import OptimizerSpec
from optim_core.trajectory import record


def network(seed=0):
    torch.manual_seed(seed)
    convolutions = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 6, 3, padding=1), nn.ReLU())
    return nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(6 * 16, 5)).to(memory_format=torch.channels_last)


def train(model, optimizer, steps=6, first=0):
    for step in range(first, first + steps):
        generator = torch.Generator().manual_seed(step)
        images, labels = torch.randn(8, 1, 4, 4, generator=generator), torch.randint(0, 5, (8,), generator=generator)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
    return [parameter.detach().clone() for parameter in model.parameters()]


def same(ones, others):
    return all(torch.equal(one, other) for one, other in zip(ones, others, strict=True))


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="torch has it from 2.9 on")
@pytest.mark.parametrize("shape", [(4, 7), (7, 4), (5, 5)])
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_torchs_own_moves_a_matrix_by_the_same_bits(shape, decay):
    paths = []
    for make in (
        lambda weight: Muon([{"params": [weight], "hidden": True}], lr=0.02, weight_decay=decay),
        lambda weight: torch.optim.Muon([weight], 0.02, decay, 0.95, adjust_lr_fn="match_rms_adamw"),
    ):
        weight, path = nn.Parameter(torch.ones(shape)), []
        optimizer = make(weight)
        for step in range(8):
            weight.grad = torch.randn(shape, generator=torch.Generator().manual_seed(step))
            optimizer.step()
            path.append(weight.detach().clone())
        paths.append(path)
    assert same(*paths)


def test_an_orthogonal_matrix_stays_nearly_itself():
    q, _ = torch.linalg.qr(torch.randn(6, 6, generator=torch.Generator().manual_seed(1)))
    values = torch.linalg.svdvals(orthogonal(3 * q).float())
    assert 0.6 < values.min() <= values.max() < 1.3
    scaled = orthogonal(torch.diag(torch.tensor([1.0, 0.3, 0.1]))).float()  # of P S Qᵀ the scales S go
    assert (torch.linalg.svdvals(scaled) > 0.6).all()


def test_filters_are_a_matrix_and_all_but_hidden_weights_go_to_adamw():
    model, other = network(), network()
    optimizer = Muon(model.parameters(), lr=0.01)
    hidden, rest = ([p.ndim for p in group["params"]] for group in optimizer.param_groups)
    assert hidden == [4, 4]
    assert rest == [1, 1, 2, 1]  # the output layer's matrix is the last
    train(model, optimizer, 1)
    nn.functional.cross_entropy(other(torch.zeros(1, 1, 4, 4)), torch.zeros(1, dtype=torch.long)).backward()
    before = [parameter.detach().clone() for parameter in other.parameters()]
    adamw = torch.optim.AdamW(other.parameters(), lr=0.01, weight_decay=0.0)
    after = train(other, adamw, 1)
    ours = [parameter.detach() for parameter in model.parameters()]
    for number, (mine, theirs) in enumerate(zip(ours, after, strict=True)):
        assert torch.equal(mine, theirs) is (number not in (0, 2))
    change = (ours[2] - before[2]).flatten(1)  # 6 filters of 36 numbers: all six directions move alike
    values = torch.linalg.svdvals(change) / (0.01 * 0.2 * 36**0.5)
    assert 0.6 < values.min() <= values.max() < 1.3


def test_it_continues_from_a_checkpoint_and_from_a_copy_by_the_same_bits():
    model = network()
    optimizer = MultilayerLookahead(Muon(model.parameters(), lr=0.01), [2, 2], 0.5, momentum="pullback")
    train(model, optimizer, 5)
    resumed = network(1)
    resumed.load_state_dict(copy.deepcopy(model.state_dict()))
    other = MultilayerLookahead(Muon(resumed.parameters(), lr=0.01), [2, 2], 0.5, momentum="pullback")
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    twin, twins_optimizer = copy.deepcopy((model, optimizer))
    expected = train(model, optimizer, 4, first=5)
    assert same(train(resumed, other, 4, first=5), expected)
    assert same(train(twin, twins_optimizer, 4, first=5), expected)


def test_a_synchronisation_resets_the_momentum_of_both():
    model = network()
    optimizer = MultilayerLookahead(Muon(model.parameters(), lr=0.01), 3, 0.5, momentum="reset")
    train(model, optimizer, 3)
    names = {"momentum_buffer", "exp_avg"}
    buffers = [value for state in optimizer.base.state.values() for name, value in state.items() if name in names]
    assert len(buffers) == 6
    assert not any(buffer.any() for buffer in buffers)


def test_hooks_fire_once_a_step():
    model, calls = network(), []
    optimizer = Muon(model.parameters(), lr=0.01)
    optimizer.register_step_post_hook(lambda *_: calls.append(1))
    train(model, optimizer, 2)
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ([torch.zeros(3)], "params must hold a hidden weight, .* got none: use torch.optim.AdamW"),
        ([torch.zeros(3, 3)], "params must hold a hidden weight"),  # the output layer alone
        ([{"params": [torch.zeros(3, 3)]}], "every param group must say whether its weights are hidden"),
        ([{"params": [torch.zeros(3)], "hidden": True}], r"at least 2 dimensions, got \(3,\)"),
    ],
)
def test_what_has_no_hidden_weights_is_refused_with_the_remedy(params, words):
    with pytest.raises(ValueError, match=words):
        Muon(params)


def test_a_momentum_of_one_is_refused():
    with pytest.raises(ValueError, match=r"momentum must be in \[0, 1\), got 1.0"):
        Muon(network().parameters(), momentum=1.0)


def test_points_in_a_plane_are_no_matrices():
    with pytest.raises(ValueError, match=r"record moves every number by itself, got base 'muon' .*use train"):
        record(lambda x, _: (x.sum(-1), x), [OptimizerSpec("one", "muon")], [1.0, 2.0], 3)
