"""Pure rules and models: no input or output, no clock, no chance."""
