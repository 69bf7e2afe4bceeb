"""Measurements beside the closed forms of `optim_core.theory`: the real optimizers, many runs at once, fixed seeds."""

from optim_core.experiments.rates import RateRun, SmoothNonconvex, convergence_rates
from optim_core.experiments.regularization import AccuracyRun, MeanStep, mean_path, mean_step, order_of_accuracy
from optim_core.experiments.stability import SimulatedMap, simulate_map
from optim_core.experiments.variance import VarianceRun, measure_variances

__all__ = [
    "AccuracyRun",
    "MeanStep",
    "RateRun",
    "SimulatedMap",
    "SmoothNonconvex",
    "VarianceRun",
    "convergence_rates",
    "mean_path",
    "mean_step",
    "measure_variances",
    "order_of_accuracy",
    "simulate_map",
]
