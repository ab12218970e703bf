"""The flight recorder: takes OTLP traces and keeps the newest, bounded by age and size."""
