"""Run Temporal and SeaweedFS as `andon up` does, without Andon's own processes.

Arguments: the data folder, the people file, the ready file.
"""

import os
import sys
from pathlib import Path

from andon.cli.up import start
from infra.embedded.folder import DataFolder
from infra.embedded.settings_file import Policies
from infra.embedded.stack import stores

data, people, ready = (Path(argument) for argument in sys.argv[1:])
policies = Policies(systems=data, playbooks=data, people=people)
code = start(DataFolder(data), policies, stores, ready_file=ready, as_json=False)
sys.stdout.flush()
os._exit(code)
