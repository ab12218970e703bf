"""Enforcement points and the probes that look at them."""
