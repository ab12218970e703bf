"""The door: takes detections, pulls the cord, and answers what AI systems may do.

A process of its own. It serves flags and stops AI systems whether or not Temporal is there.
"""
