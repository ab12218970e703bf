"""The embedded stack: Temporal, SeaweedFS and all of Andon on one machine, supervised."""
