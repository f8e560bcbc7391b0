"""Where the workers find their broker: read by dagster-celery from the Python path."""

import os

broker_url = os.environ["TURBOMODE_BROKER_URL"]
result_backend = broker_url
worker_prefetch_multiplier = 1
task_acks_late = False
"""A run whose worker dies is begun anew by its schedule, not by the broker."""
