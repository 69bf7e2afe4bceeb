"""Runs as readable Python scripts that repeat the numbers.

Runs on the plane are a loop written out over torch's own optimizers; networks and GANs call `train`.
"""
