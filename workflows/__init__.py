"""What happens over time: one Temporal workflow per file, named for what it brings about."""
