"""Senders that report in a form of their own: one file a form, all ending in the one intake."""
