"""The example systems, run as the separate processes they are."""
