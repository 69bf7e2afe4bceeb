"""How fast layers contract or expand one mode of a linear base step: exact factors at any depth.

If one base step multiplies a mode by c, one step of layer i multiplies it by

    ρ_0 = c,    ρ_i = 1 − α_i + α_i ρ_{i−1}^{k_i}

because every synchronisation mixes the identity with k_i steps of the layer below. Derived here, checked by simulation
(one layer on a quadratic: Zhang et al. 2019, arXiv 1907.08610). With momentum kept or reset at a synchronisation, or
outer momentum, the state is (x, v, b_1, …) and a like mixture holds for matrices, see `layer_matrices`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optim_core.layers import InnerBuffers, Layer, periods
from optim_core.spec import OptimizerSpec, SyncMomentum
from optim_core.theory.mixing import Synchronisation, widen

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


def factors(c: ArrayLike, layers: Sequence[Layer]) -> Complex:
    """Factors ρ_0 … ρ_n of one step of every layer, for every mode in `c`. Derived here.

    Args:
        c: factor of one base step, real or complex, any shape.
        layers: innermost first; none gives ρ_0 = c alone.

    Returns:
        (n + 1, *shape of c), complex; infinite where a power leaves the range of a double.

    Raises:
        ValueError: a layer has outer momentum, which makes matrices of the factors.
    """
    if has_outer_momentum(layers):
        raise ValueError("a layer with outer momentum has no scalar factor: use layer_matrices, or rate")
    return factors_of_cells(c, [layer.k for layer in layers], [layer.alpha for layer in layers])


def factors_of_cells(c: ArrayLike, k: Sequence[ArrayLike], alpha: Sequence[ArrayLike]) -> Complex:
    """`factors` where k_i, α_i and c may differ from cell to cell; everything broadcasts. Derived here.

    Args:
        c: factor of one base step.
        k: one array of whole numbers per layer, innermost first.
        alpha: one array in [0, 1] per layer.

    Returns:
        (n + 1, *broadcast shape), complex.
    """
    rho = np.asarray(c, dtype=np.complex128)
    levels = [rho]
    for one_k, one_alpha in zip(k, alpha, strict=True):
        rho = _mix(rho, np.asarray(one_k), np.asarray(one_alpha, dtype=np.float64))
        levels.append(rho)
    return np.stack(np.broadcast_arrays(*levels))


def _mix(rho: Complex, k: NDArray[np.int_], alpha: Real) -> Complex:
    with np.errstate(over="ignore", invalid="ignore"):
        power = rho**k
        factor = 1 - alpha + alpha * power
    overflows = ~np.isfinite(power)
    factor = np.where(overflows, np.inf, factor)
    return np.where(overflows & (alpha == 0), 1.0, factor).astype(np.complex128)


def rate(c: ArrayLike, layers: Sequence[Layer]) -> Real:
    """Rate per base step |ρ_n|^(1/(k_1…k_n)): below 1 the mode converges, above 1 it diverges. Derived here.

    Returns:
        An array of the shape of `c`; take the largest over the modes of a problem.
    """
    if has_outer_momentum(layers):
        modes = np.asarray(c, dtype=np.complex128)
        radii = [
            spectral_radius(layer_matrices(mode_matrix(mode), layers, has_momentum=False)[-1]) for mode in modes.flat
        ]
        return np.reshape(radii, modes.shape) ** (1 / base_steps(layers))
    return np.asarray(np.abs(factors(c, layers)[-1]) ** (1 / base_steps(layers)))


def converges(c: ArrayLike, layers: Sequence[Layer]) -> bool:
    """Whether every mode in `c` contracts: |ρ_n| < 1."""
    return bool(np.all(rate(c, layers) < 1))


def has_outer_momentum(layers: Sequence[Layer]) -> bool:
    """Whether any layer keeps a momentum of its own."""
    return any(layer.has_momentum for layer in layers)


def mode_matrix(c: complex) -> Real:
    """The factor c as a real matrix: itself, or that of a rotation and a scaling on (Re x, Im x)."""
    return np.array([[c.real, -c.imag], [c.imag, c.real]] if c.imag else [[c.real]])


def base_steps(layers: Sequence[Layer]) -> int:
    """Base steps per step of the outermost layer: k_1·k_2·…·k_n, 1 without layers."""
    return periods(layers)[-1] if layers else 1


def base_matrix(
    jacobian: ArrayLike,
    lr: float,
    *,
    momentum: float = 0.0,
    nesterov: bool = False,
    alternating: bool = False,
) -> Real:
    """Matrix of one base step on a linear vector field z → Jz (torch.optim.SGD's update rule).

    v ← μv + Jz, z ← z − ηv (Nesterov: z ← z − η(Jz + μv)). Alternating updates change one coordinate
    after the other, each seeing what the former has just done: the second player of a game answers the first.

    Args:
        jacobian: (d, d); [[h]] for ½hx², [[ε, 1], [−1, ε]] for the quadratic game ½εx² + xy − ½εy².
        lr: η.
        momentum: μ; at zero the state is z alone.
        nesterov: Nesterov's form of momentum.
        alternating: one coordinate after the other instead of all at once.

    Returns:
        (d, d) without momentum, (2d, 2d) on (z, v) with it.
    """
    J = square_matrix(jacobian)
    d = len(J)
    blocks = [[i] for i in range(d)] if alternating else [list(range(d))]
    step = np.eye(2 * d)
    for block in blocks:
        step = _momentum_step(J, lr, momentum, nesterov, block) @ step
    return step if momentum else step[:d, :d]


def _momentum_step(J: Real, lr: float, momentum: float, nesterov: bool, block: list[int]) -> Real:
    d = len(J)
    velocity = np.eye(d, 2 * d, d)
    gradient = np.hstack([J, np.zeros((d, d))])
    new_velocity = momentum * velocity + gradient
    direction = gradient + momentum * new_velocity if nesterov else new_velocity
    step = np.eye(2 * d)
    step[block] -= lr * direction[block]
    step[[d + i for i in block]] = new_velocity[block]
    return step


def game_eigenvalues(lr: float, epsilon: float = 0.0, *, alternating: bool = False) -> Complex:
    """Factors c of descent-ascent on ½εx² + xy − ½εy²: 1 − ηε ± iη when simultaneous. (2,), complex."""
    jacobian = [[epsilon, 1.0], [-1.0, epsilon]]
    return np.linalg.eigvals(base_matrix(jacobian, lr, alternating=alternating)).astype(np.complex128)


def layer_matrices(
    base: ArrayLike,
    layers: Sequence[Layer],
    *,
    sync_momentum: SyncMomentum = "keep",
    has_momentum: bool = True,
    inner_buffers: InnerBuffers = "keep",
) -> tuple[Real, ...]:
    """Matrices M_0 … M_n of one step of every layer: M_i = D_i + E_i M_{i−1}^{k_i}. Derived here.

    Where layers have outer momentum M_i acts on the base's state and the b of layers 1 to i that have some.

    Args:
        base: M_0 from `base_matrix`; on (z, v) when `has_momentum`, else on z.
        layers: innermost first.
        sync_momentum: what a synchronisation does to v.
        has_momentum: whether the second half of the base's state is a velocity.
        inner_buffers: what a synchronisation does to the b of the layers inside.

    Returns:
        n + 1 arrays, of the shape of `base` where no layer has outer momentum.
    """
    matrix = square_matrix(base)
    synchronisation = Synchronisation(len(matrix), has_momentum, sync_momentum, inner_buffers)
    matrices = [matrix]
    for level, layer in enumerate(layers):
        D, E = synchronisation.matrices(layer, [one.has_momentum for one in layers[:level]], layer.has_momentum)
        with np.errstate(over="ignore", invalid="ignore"):
            matrix = D + E @ np.linalg.matrix_power(widen(matrix, len(D)), layer.k)
        matrices.append(matrix)
    return tuple(matrices)


def velocity_weight(spec: OptimizerSpec) -> float:
    """Momentum μ of a linear base, zero for plain SGD.

    Raises:
        ValueError: the base is not linear in the gradient, so that none of these formulas hold.
    """
    if spec.base not in ("sgd", "momentum", "nesterov"):
        raise ValueError(f"the closed forms need a linear base (sgd, momentum or nesterov), got {spec.base!r}")
    return 0.0 if spec.base == "sgd" else spec.momentum


def spec_matrix(jacobian: ArrayLike, spec: OptimizerSpec) -> Real:
    """`base_matrix` of an optimizer's base, its weight decay and alternating updates included."""
    momentum = velocity_weight(spec)
    J = square_matrix(jacobian)
    return base_matrix(
        J + spec.weight_decay * np.eye(len(J)),
        spec.lr,
        momentum=momentum,
        nesterov=spec.base == "nesterov",
        alternating=spec.alternating,
    )


def linear_factors(jacobian: ArrayLike, spec: OptimizerSpec) -> tuple[tuple[Complex, ...], bool]:
    """Factors of one step of layers 0 … n of an optimizer on the linear field z → Jz. Derived here.

    Returns:
        n + 1 arrays (modes,), and whether entry j belongs to the same mode in all of them: kept or reset momentum and
        outer momentum mix modes, and the arrays are then the eigenvalues of M_0 … M_n; outer momentum adds modes from
        its layer on.

    Raises:
        ValueError: the base of `spec` is not linear.
    """
    base = spec_matrix(jacobian, spec)
    if is_polynomial(spec):
        return tuple(factors(np.linalg.eigvals(base), spec.layers)), True
    matrices = layer_matrices(
        base, spec.layers, sync_momentum=spec.sync_momentum, has_momentum=velocity_weight(spec) > 0,
        inner_buffers=spec.inner_buffers,
    )  # fmt: skip
    return tuple(_eigenvalues(matrix) for matrix in matrices), False


def is_polynomial(spec: OptimizerSpec) -> bool:
    """Whether the layers are a polynomial of M_0, so that each of its modes has a factor of its own."""
    return not has_outer_momentum(spec.layers) and (not velocity_weight(spec) or spec.sync_momentum == "pullback")


def _eigenvalues(matrix: Real) -> Complex:
    """Eigenvalues of a matrix, infinite where an entry is not finite."""
    if not np.isfinite(matrix).all():
        return np.full(len(matrix), np.inf, dtype=np.complex128)
    return np.linalg.eigvals(matrix).astype(np.complex128)


def linear_rate(jacobian: ArrayLike, spec: OptimizerSpec) -> float:
    """Rate per base step of an optimizer on the field z → Jz: the slowest mode's |ρ_n|^(1/(k_1…k_n)). Derived here.

    Raises:
        ValueError: the base of `spec` is not linear.
    """
    levels, _ = linear_factors(jacobian, spec)
    return float(np.abs(levels[-1]).max() ** (1 / base_steps(spec.layers)))


def spectral_radius(matrix: ArrayLike) -> float:
    """Largest |eigenvalue|; infinite when an entry is not finite."""
    return float(np.abs(_eigenvalues(np.asarray(matrix, dtype=np.float64))).max())


def square_matrix(matrix: ArrayLike) -> Real:
    """`matrix` as a (d, d) array of doubles; ValueError when it is not square."""
    square = np.atleast_2d(np.asarray(matrix, dtype=np.float64))
    if square.ndim != 2 or square.shape[0] != square.shape[1]:
        raise ValueError(f"a square matrix is needed, got shape {square.shape}")
    return square
