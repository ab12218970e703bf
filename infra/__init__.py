"""How Andon is run: the embedded stack of one machine, and what production needs."""
