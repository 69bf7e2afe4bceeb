"""Closed forms for layers of slow weights: factors, stability, variance, implicit regularization, fitted rates."""

from optim_core.theory.factors import (
    base_matrix,
    base_steps,
    converges,
    factors,
    factors_of_cells,
    game_eigenvalues,
    layer_matrices,
    linear_factors,
    linear_rate,
    rate,
    spectral_radius,
)
from optim_core.theory.methods import game_rate
from optim_core.theory.noise import (
    NoisyQuadratic,
    effective_lr,
    lr_for_effective,
    steady_covariances,
    steady_variances,
    trade_off,
)
from optim_core.theory.outer import best_factors, best_momentum, least_stable, outer_factor
from optim_core.theory.rates import Slope, log_log_slope
from optim_core.theory.regularization import (
    ModifiedLoss,
    batch_mean,
    gradient_flow,
    modified_loss,
    modified_values,
    penalties,
    random_shifts,
    shifted_batches,
    why_not,
)
from optim_core.theory.stability import Axis, ParameterGrid, stability_map

__all__ = [
    "Axis",
    "ModifiedLoss",
    "NoisyQuadratic",
    "ParameterGrid",
    "Slope",
    "base_matrix",
    "base_steps",
    "batch_mean",
    "best_factors",
    "best_momentum",
    "converges",
    "effective_lr",
    "factors",
    "factors_of_cells",
    "game_eigenvalues",
    "game_rate",
    "gradient_flow",
    "layer_matrices",
    "least_stable",
    "linear_factors",
    "linear_rate",
    "log_log_slope",
    "lr_for_effective",
    "modified_loss",
    "modified_values",
    "outer_factor",
    "penalties",
    "random_shifts",
    "rate",
    "shifted_batches",
    "spectral_radius",
    "stability_map",
    "steady_covariances",
    "steady_variances",
    "trade_off",
    "why_not",
]
