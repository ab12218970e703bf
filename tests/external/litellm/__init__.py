"""LiteLLM itself."""
