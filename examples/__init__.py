"""AI systems that show how to be wired to Andon; run from the checkout, never installed."""
