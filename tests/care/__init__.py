"""Holds looked after and incidents kept running, whatever is done to Temporal or to a lever."""
