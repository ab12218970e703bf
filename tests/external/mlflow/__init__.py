"""MLflow itself."""
