"""The custodian's work: holds, erasures, and ending what has had its time."""
