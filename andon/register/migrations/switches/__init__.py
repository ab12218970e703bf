"""Versions of the switches database."""
