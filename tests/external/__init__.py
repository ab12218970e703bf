"""Levers on vendors' real servers: `make test-external NAME=...`; too heavy for every run."""
