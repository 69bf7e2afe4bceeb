"""Parameters whose gradient is −1 at every step, under SGD of lr 1: every base step adds 1."""

import torch

from optim_core import MultilayerLookahead


def at(*values):
    return torch.nn.Parameter(torch.tensor([float(value) for value in values]))


def ascent(parameters, k, alpha=0.5, **options):
    return MultilayerLookahead(torch.optim.SGD(parameters, lr=1.0), k, alpha, **options)


def step(optimizer):
    """The values of all parameters after one step."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for parameter in parameters:
        parameter.grad = -torch.ones_like(parameter) if parameter.requires_grad else None
    optimizer.step()
    return [value for parameter in parameters for value in parameter.tolist()]
