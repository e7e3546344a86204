"""Verifiers: what scores a trace. None is built in yet; banks carry the mean log-probability."""
