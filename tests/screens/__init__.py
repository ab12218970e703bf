"""Pictures of every page of a real incident, and what axe says of each."""
