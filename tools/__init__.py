"""Programs that keep documents equal to what they describe."""
