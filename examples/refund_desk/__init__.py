"""A support assistant that answers refund tickets: a small production AI system under Andon.

It reaches Andon only through open standards (OFREP, OTLP, HTTP) and imports nothing of it.
"""
