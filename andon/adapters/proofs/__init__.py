"""Looks at an order's effect besides the lever's own, one a file, and the lever that asks for all of them."""
