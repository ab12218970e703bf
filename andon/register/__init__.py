"""The read model and the small stores beside it: tables, queries, migrations.

Queries are synchronous, each one transaction; asynchronous callers run them in a thread.
"""
