"""Runs as Python scripts that a person reads with pleasure and that repeat the numbers.

Runs on the plane are a loop written out over torch's own optimizers; networks and GANs call `train`.
"""
