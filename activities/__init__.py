"""The effects of the workflows: one class per capability, its ports given to `__init__`.

Every activity is idempotent. Final errors leave as non-retryable `ApplicationError` with the
name of the error class as type; whatever else goes wrong is retried by the caller's policy.
"""
