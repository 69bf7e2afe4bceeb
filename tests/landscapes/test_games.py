"""The registry of games against hand-worked eigenvalues, finite differences and the cycles of the literature."""

import cmath
import math

import numpy as np
import pytest
import torch

from landscapes.games import GAMES, Game, one_player
from landscapes.noise import Noise, with_noise

EVERY = pytest.mark.parametrize("game", GAMES.values(), ids=GAMES)


def points_in(game: Game, count: int, seed: int = 0) -> torch.Tensor:
    low, high = torch.tensor(game.domain, dtype=torch.float64).unbind(-1)
    random = torch.rand(count, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return low + (high - low) * random


def distances(game: Game, layers: tuple[tuple[int, float], ...] = (), steps: int = 1000, lr: float | None = None):
    """Distance to the first equilibrium after each step of the textbook loops, from the customary start."""
    field, lr = game.field(), lr or game.lr
    x = torch.tensor([game.start], dtype=torch.float64)
    slow, lengths = [x.clone() for _ in layers], [math.dist(game.start, game.equilibria[0].place)]
    for step in range(1, steps + 1):
        x, below, period = x - lr * field(x, step)[1], None, 1
        for i, (k, alpha) in enumerate(layers):
            period *= k
            if step % period == 0:
                slow[i] = slow[i] + alpha * ((x if below is None else below) - slow[i])
                below = slow[i]
                slow[:i] = [below] * i
        x = x if below is None else below
        lengths.append(math.dist(x[0].tolist(), game.equilibria[0].place))
    return np.array(lengths)


def test_registry_holds_the_promised_games_under_their_own_keys():
    keys = {"bilinear", "noisy_bilinear", "quadratic", "limit_cycle", "forsaken", "dirac_gan", "dirac_gan_penalty"}
    assert keys <= set(GAMES)
    assert all(key == game.key for key, game in GAMES.items())
    assert len({game.name for game in GAMES.values()}) == len(GAMES)
    assert all("arXiv" in game.source for game in GAMES.values() if not game.linear)


@EVERY
def test_game_is_well_described_and_starts_in_its_domain(game: Game):
    assert 20 < len(game.teaches) < 120
    assert game.formula.count("{") == game.formula.count("}")
    assert all(low <= place <= high for (low, high), place in zip(game.domain, game.start, strict=True))
    assert game.lr > 0


@EVERY
def test_field_is_descent_for_x_and_ascent_for_y(game: Game):
    z, h = points_in(game, 50), 1e-6
    value, v = game.field()(z, 0)
    dx, dy = ((game.objective(z + e) - game.objective(z - e)) / (2 * h) for e in h * torch.eye(2, dtype=torch.float64))
    torch.testing.assert_close(value, game.objective(z))
    torch.testing.assert_close(v, torch.stack((dx, -dy), -1), rtol=1e-6, atol=1e-6)
    _, only_x = one_player(game.field(), 0)(z, 0)
    _, only_y = one_player(game.field(), 1)(z, 0)
    assert torch.equal(only_x + only_y, v)
    assert not only_x[:, 1].any()
    assert not only_y[:, 0].any()


@EVERY
@pytest.mark.parametrize("rows", [1, 41, 400])
def test_a_field_that_is_written_out_has_the_same_bits_on_arrays(game: Game, rows: int):
    field = game.field()
    assert hasattr(field, "on_arrays") == (game.slope is not None)
    loss, gradient, z = np.empty(rows), np.empty((rows, 2)), np.empty((rows, 2))
    for seed in range(3 if game.slope else 0):
        z[...] = points_in(game, rows, seed)
        field.on_arrays(z, seed, loss, gradient)
        value, v = field(torch.from_numpy(z), seed)
        np.testing.assert_array_equal(loss, value)
        np.testing.assert_array_equal(gradient, v)


@EVERY
def test_a_small_step_of_each_player_serves_its_own_purpose(game: Game):
    z = points_in(game, 200, seed=1)
    before, step = game.objective(z), 1e-4
    assert (game.objective(z - step * one_player(game.field(), 0)(z, 0)[1]) <= before).all()
    assert (game.objective(z - step * one_player(game.field(), 1)(z, 0)[1]) >= before).all()


@EVERY
def test_equilibria_are_all_the_zeros_of_the_field(game: Game):
    places = torch.tensor([equilibrium.place for equilibrium in game.equilibria], dtype=torch.float64)
    assert game.field()(places, 0)[1].abs().max() < 1e-15
    z = points_in(game, 400, seed=2)
    for _ in range(60):  # Newton's method, damped, from everywhere
        v = game.field()(z, 0)[1]
        columns = [(game.field()(z + e, 0)[1] - v) / 1e-7 for e in 1e-7 * torch.eye(2, dtype=torch.float64)]
        z = z - 0.5 * (torch.linalg.pinv(torch.stack(columns, -1)) @ v.unsqueeze(-1)).squeeze(-1).clamp(-1, 1)
    low, high = torch.tensor(game.domain, dtype=torch.float64).unbind(-1)
    zeros = z[(game.field()(z, 0)[1].norm(dim=-1) < 1e-9) & ((z > low) & (z < high)).all(-1)]
    assert len(zeros) > 40
    assert torch.cdist(zeros, places).amin(-1).max() < 1e-5


def test_eigenvalues_are_the_hand_worked_ones():
    def eigenvalues(game: Game) -> list[complex]:
        return sorted(game.equilibria[0].eigenvalues, key=lambda c: c.imag)

    assert eigenvalues(GAMES["bilinear"]) == pytest.approx([-1j, 1j])
    assert eigenvalues(GAMES["quadratic"].at(0.25)) == pytest.approx([0.25 - 1j, 0.25 + 1j])
    assert eigenvalues(GAMES["dirac_gan"]) == pytest.approx([-0.5j, 0.5j])
    for gamma in (0.3, 0.8):  # λ² − γλ + ¼ = 0
        assert eigenvalues(GAMES["dirac_gan_penalty"].at(gamma)) == pytest.approx(
            sorted([(gamma + s * cmath.sqrt(gamma**2 - 1)) / 2 for s in (-1, 1)], key=lambda c: c.imag)
        )
    for epsilon in (0.1, 0.6):  # J = ((0, 1), (−1, −ε))
        root = cmath.sqrt(epsilon**2 - 4)
        assert eigenvalues(GAMES["limit_cycle"].at(epsilon)) == pytest.approx(
            [(-epsilon - root) / 2, (-epsilon + root) / 2]
        )
        assert GAMES["limit_cycle"].at(epsilon).equilibria[0].jacobian == ((0, 1), (-1, -epsilon))


def test_stability_is_that_of_the_gradient_flow():
    expected = {
        "bilinear": "centre",
        "noisy_bilinear": "centre",
        "quadratic": "stable",
        "dirac_gan": "centre",
        "dirac_gan_penalty": "stable",
        "limit_cycle": "unstable",
        "forsaken": "stable",
    }
    assert {key: GAMES[key].equilibria[0].stability for key in expected} == expected


@pytest.mark.parametrize("game", [g for g in GAMES.values() if g.linear], ids=lambda g: g.key)
def test_linear_games_equal_their_linearisation_everywhere(game: Game):
    z = points_in(game, 20)
    jacobian = torch.tensor(game.equilibria[0].jacobian, dtype=torch.float64)
    torch.testing.assert_close(game.field()(z, 0)[1], z @ jacobian.T)


def test_games_said_not_to_be_linear_are_not():
    for game in (g for g in GAMES.values() if not g.linear):
        z = points_in(game, 20)
        jacobian = torch.tensor(game.equilibria[0].jacobian, dtype=torch.float64)
        offset = z - torch.tensor(game.equilibria[0].place, dtype=torch.float64)
        assert (game.field()(z, 0)[1] - offset @ jacobian.T).abs().max() > 0.1


def test_bilinear_distances_are_those_of_the_theory_notes():
    game = GAMES["bilinear"]
    assert (game.lr, game.start) == (0.1, (1.0, 1.0))
    assert distances(game)[-1] == pytest.approx(205, rel=0.005)
    assert distances(game, ((5, 0.5),))[-1] == pytest.approx(0.033, rel=0.02)
    assert distances(game, ((5, 0.5), (5, 0.5)))[-1] == pytest.approx(4.4e-5, rel=0.02)


def test_bilinear_descent_ascent_grows_by_the_modulus_of_its_factor():
    lengths = distances(GAMES["bilinear"], steps=300)
    assert lengths[1:] / lengths[:-1] == pytest.approx(np.full(300, abs(1 - 0.1 * 1j)))


def test_limit_cycle_has_van_der_pols_amplitude_for_weak_coupling():
    """u = √3 y obeys u'' − ε(1 − u²) u' + u = 0, whose cycle has amplitude 2 as ε → 0; a small lr adds about lr/2ε."""
    game = GAMES["limit_cycle"].at(0.2)
    last = distances(game, steps=15_000, lr=0.004)[-4712:]  # three turns
    assert last.mean() == pytest.approx(2 / math.sqrt(3), rel=0.03)


def test_forsaken_catches_descent_ascent_and_one_layer_and_lets_two_layers_through():
    game = GAMES["forsaken"]
    assert game.equilibria[0].place == pytest.approx((0.0780267, 0.411934), abs=1e-6)  # as published
    assert distances(game)[-200:].min() > 0.9
    assert distances(game, ((5, 0.5),))[-200:].min() > 0.9
    assert distances(game, ((5, 0.5), (5, 0.5)))[-1] < 1e-3


def test_gradient_penalty_makes_the_dirac_gan_converge():
    assert distances(GAMES["dirac_gan"])[-1] > 1
    assert distances(GAMES["dirac_gan_penalty"])[-1] < 1e-6


@pytest.mark.parametrize("game", [g for g in GAMES.values() if g.parameter], ids=lambda g: g.key)
def test_parameter_makes_the_game_of_any_value_in_its_range(game: Game):
    for value in game.parameter.range:
        other = game.at(value)
        assert (other.key, other.parameter.value) == (game.key, value)
    same = game.at(game.parameter.value)
    z = points_in(game, 10)
    assert torch.equal(same.field()(z, 0)[1], game.field()(z, 0)[1])
    low, high = game.parameter.range
    with pytest.raises(ValueError, match=rf"must be in \[{low}, {high}\], got -1"):
        game.at(-1.0)
    with pytest.raises(ValueError, match="got nan"):
        game.at(math.nan)


def test_bad_player_and_missing_parameter_are_refused():
    with pytest.raises(ValueError, match="player must be 0"):
        one_player(GAMES["bilinear"].field(), 2)
    with pytest.raises(ValueError, match="game bilinear has no parameter"):
        GAMES["bilinear"].at(0.5)


def test_games_take_noise_and_overflow_without_complaint():
    game = GAMES["noisy_bilinear"]
    z = torch.ones(4, 2, dtype=torch.float64)
    _, noisy = with_noise(game.field(), Noise("gaussian", game.noise_scale), 2)(z, 0)
    assert torch.equal(noisy[:2], noisy[2:])
    assert not torch.equal(noisy[0], noisy[1])
    value, _ = GAMES["forsaken"].field()(torch.full((1, 2), 1e200, dtype=torch.float64), 0)
    assert not value.isfinite().any()
