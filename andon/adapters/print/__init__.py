"""Documents for people who read on paper."""
