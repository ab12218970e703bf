"""Composition: which queue serves which workflows and activities."""
