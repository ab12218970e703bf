"""Where evidence, ledgers, keys and texts come to rest."""
