"""The refund desk's own evaluation suite: what a release must show before it may run."""
