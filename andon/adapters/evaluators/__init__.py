"""Running eval suites."""
