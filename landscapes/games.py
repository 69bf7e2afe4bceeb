"""Two-player min-max games: x minimises f(x, y) and y maximises it.

A game's field is v = (∂f/∂x, −∂f/∂y): descending v is descent for x and ascent for y. To first order about an
equilibrium v is J z, and one simultaneous step of gradient descent-ascent multiplies its modes by 1 − lr λ, where λ are
the eigenvalues of J (for a linear game exactly, and everywhere).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from landscapes.expression import Expression, Symbol, latex, objective_of
from landscapes.fields import Array, Field, Objective, changed, gradient_field
from landscapes.formula import Formula, parse
from landscapes.minima import Domain, Place
from landscapes.slope import Program, program_of

Stability = Literal["stable", "centre", "unstable"]


@dataclass(frozen=True)
class Equilibrium:
    """A zero of the field.

    place: (x, y)
    jacobian: of the field there, row by row
    eigenvalues: of the jacobian
    """

    place: Place
    jacobian: tuple[tuple[float, float], tuple[float, float]]
    eigenvalues: tuple[complex, complex]

    @property
    def stability(self) -> Stability:
        """Under the gradient flow, that is for infinitely small lr; around a centre the flow circles."""
        smallest = min(eigenvalue.real for eigenvalue in self.eigenvalues)
        if abs(smallest) < 1e-12:
            return "centre"
        return "stable" if smallest > 0 else "unstable"


@dataclass(frozen=True)
class Parameter:
    """The one number that a game depends on: its name in the formula, its value and its range."""

    name: str
    value: float
    range: tuple[float, float]

    @property
    def symbol(self) -> str:
        """LaTeX."""
        return latex(Symbol(self.name))


@dataclass(frozen=True)
class Game:
    """A min-max objective with its customary view and run.

    Args:
        key: its name in URLs and commands.
        name: its name on screen.
        text: the formula of f(x, y), x the minimiser and y the maximiser; may have the parameter in it.
        domain: ((x_lo, x_hi), (y_lo, y_hi)).
        critical: every zero of the field in the domain.
        start: the customary start.
        lr: the customary lr of descent-ascent.
        teaches: one line.
        source: where the game comes from; empty where it is folklore.
        linear: whether the field is linear, so that `Equilibrium.eigenvalues` hold everywhere.
        noise_scale: the customary deviation of Gaussian noise; 0 is none.
        parameter: the number that the game depends on, if any.
        latex: the customary notation, where it is not that of the formula.
    """

    key: str
    name: str
    text: str
    domain: Domain
    start: Place
    lr: float
    teaches: str
    critical: tuple[Place, ...] = ((0.0, 0.0),)
    source: str = ""
    linear: bool = False
    noise_scale: float = 0.0
    parameter: Parameter | None = None
    latex: str = ""

    @cached_property
    def formula(self) -> str:
        """LaTeX of f."""
        return self.latex or self._formula.latex

    @cached_property
    def tree(self) -> Expression:
        """F as an expression in x and y."""
        return self._formula.bound({self.parameter.name: self.parameter.value} if self.parameter else None)

    @cached_property
    def objective(self) -> Objective:
        """f, (..., 2) -> (...); the last dimension is (x, y)."""
        return objective_of(self.tree)

    @cached_property
    def slope(self) -> Program | None:
        """F with its gradient, where that is faster than autograd."""
        return program_of(self.tree)

    @cached_property
    def _formula(self) -> Formula:
        return parse(self.text, [self.parameter.name] if self.parameter else [])

    @cached_property
    def equilibria(self) -> tuple[Equilibrium, ...]:
        """The zeros of the field, with their linearisation."""
        return tuple(self._linearisation(place) for place in self.critical)

    def field(self) -> Field:
        """Both players at once: (x, evaluation) -> (f, v), f of shape (rows,) and v = (∂f/∂x, −∂f/∂y), (rows, 2)."""
        gradient_of_f = gradient_field(self.objective, self.slope)

        def field(z: Tensor, evaluation: int) -> tuple[Tensor, Tensor]:
            value, gradient = gradient_of_f(z, evaluation)
            gradient[:, 1].neg_()
            return value, gradient

        def turn(gradient: Array, evaluation: int) -> None:
            of_y = gradient[:, 1]
            np.negative(of_y, of_y)

        return changed(gradient_of_f, field, turn)

    def at(self, value: float) -> Game:
        """The same game with its parameter set to `value`.

        Raises:
            ValueError: the game has no parameter, or the value is outside its range.
        """
        if self.parameter is None:
            raise ValueError(f"game {self.key} has no parameter, got {value}")
        low, high = self.parameter.range
        if not low <= value <= high:
            raise ValueError(f"{self.parameter.symbol} must be in [{low}, {high}], got {value}")
        return replace(self, parameter=replace(self.parameter, value=value))

    def _linearisation(self, place: Place) -> Equilibrium:
        point = torch.tensor(place, dtype=torch.float64)
        hessian: Tensor = torch.autograd.functional.hessian(self.objective, point)  # type: ignore[no-untyped-call]
        jacobian = hessian * torch.tensor([[1.0], [-1.0]], dtype=torch.float64)
        (a, b), (c, d) = jacobian.tolist()
        first, second = torch.linalg.eigvals(jacobian).tolist()
        return Equilibrium(place, ((a, b), (c, d)), (first, second))


def one_player(field: Field, player: Literal[0, 1]) -> Field:
    """A field in which only one player moves: alternating updates step on the two in turn, each an evaluation.

    Raises:
        ValueError: player is neither 0 (x, the minimiser) nor 1 (y, the maximiser).
    """
    if player not in (0, 1):
        raise ValueError(f"player must be 0 (x) or 1 (y), got {player!r}")

    def one_player_field(z: Tensor, evaluation: int) -> tuple[Tensor, Tensor]:
        value, gradient = field(z, evaluation)
        own_gradient = torch.zeros_like(gradient)
        own_gradient[:, player] = gradient[:, player]
        return value, own_gradient

    return one_player_field


_BILINEAR = Game(
    key="bilinear",
    name="Bilinear",
    text="x*y",
    linear=True,
    domain=((-2, 2), (-2, 2)),
    start=(1.0, 1.0),
    lr=0.1,
    teaches="Pure rotation: descent-ascent spirals out, Lookahead spirals in, two layers faster.",
)

_DIRAC_GAN = Game(
    key="dirac_gan",
    name="Dirac-GAN",
    text="min(x*y, 0) - log(1 + exp(-abs(x*y))) - log(2)",  # log σ(z) in a form that overflows for no z
    latex=r"\log\sigma(xy) + \log\sigma(0)",
    domain=((-2.5, 2.5), (-2.5, 2.5)),
    start=(1.8, 1.8),
    lr=0.2,
    teaches="The smallest GAN: data at 0, generator x, discriminator slope y. Plain descent-ascent never arrives.",
    source="Mescheder, Geiger & Nowozin 2018, arXiv 1801.04406",
)

_ALL = (
    _BILINEAR,
    replace(
        _BILINEAR,
        key="noisy_bilinear",
        name="Noisy bilinear",
        noise_scale=0.3,
        teaches="Rotation under noise: what contracts faster also settles closer.",
    ),
    Game(  # eigenvalues ε ± i; ε = 0 is bilinear
        key="quadratic",
        name="Quadratic game",
        text="1/2*epsilon*x^2 + x*y - 1/2*epsilon*y^2",
        parameter=Parameter("epsilon", 0.1, (0.0, 1.0)),
        linear=True,
        domain=((-2, 2), (-2, 2)),
        start=(1.0, 1.0),
        lr=0.1,
        teaches="From rotation (ε = 0) to a bowl for both (ε = 1): descent-ascent needs ε above about lr/2.",
    ),
    _DIRAC_GAN,
    replace(
        _DIRAC_GAN,  # eigenvalues ½(γ ± √(γ² − 1)), γ the gradient penalty
        key="dirac_gan_penalty",
        name="Dirac-GAN with gradient penalty",
        text=_DIRAC_GAN.text + " - 1/2*gamma*y^2",
        latex=_DIRAC_GAN.latex + r" - \tfrac12\gamma y^2",
        parameter=Parameter("gamma", 0.3, (0.0, 2.0)),
        teaches="Data at 0, generator x, discriminator slope y: the penalty damps the circling, as slow weights do.",
    ),
    Game(  # its flow is van der Pol's, on a cycle of radius 2/√3 as ε → 0
        key="limit_cycle",
        name="Almost bilinear, with a limit cycle",
        text="x*y + epsilon*(1/2*y^2 - 1/4*y^4)",
        parameter=Parameter("epsilon", 0.3, (0.0, 1.0)),
        domain=((-2, 2), (-2, 2)),
        start=(1.5, 1.5),
        lr=0.1,
        teaches="The only equilibrium repels and the flow ends on a cycle around it; averaging shrinks the cycle.",
        source="Hsieh, Mertikopoulos & Cevher 2021, arXiv 2006.09065",
    ),
    Game(
        text="x*(y - 0.45) + 1/4*x^2 - 1/2*x^4 + 1/6*x^6 - (1/4*y^2 - 1/2*y^4 + 1/6*y^6)",
        key="forsaken",
        name="Forsaken, with a spurious attractor",
        domain=((-1.8, 1.8), (-1.8, 1.8)),
        critical=((0.07802666873846008, 0.41193385136581984),),
        start=(-1.0, -1.0),
        lr=0.1,
        teaches="A stable equilibrium behind a cycle that catches every run from outside; two layers break through.",
        source="Hsieh, Mertikopoulos & Cevher 2021, arXiv 2006.09065",
    ),
)

GAMES: dict[str, Game] = {game.key: game for game in _ALL}
"""Every game by its key, in the order in which they are best met."""
