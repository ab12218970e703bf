"""The main job of Andon, shown end to end on real parts: `python -m examples.demo`."""
