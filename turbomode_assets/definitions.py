"""The code location: the assets of the home named by ``TURBOMODE_HOME``.

Loaded by Dagster through ``workspace.yaml``. Everything is assembled in
``defs/assembly.py``; nothing is defined here.
"""

from turbomode_assets.defs import assembly
from turbomode_assets.store import home

_home = home.locate()

defs = assembly.assemble(_home, home.read_settings(_home), is_paused=home.is_paused())
"""Assets in the order of the loop, jobs, schedules, sensors and resources."""
