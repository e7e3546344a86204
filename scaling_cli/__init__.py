"""Inference-time scaling laws: sweeps, exact estimators, honest compute, frontiers."""

__version__ = "0.1.0"
