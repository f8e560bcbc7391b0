"""The child process that speaks to Yahoo, so that whatever happens there can be killed.

`python -m turbomode_assets.sources.yahoo_worker CACHE SECONDS` reads one question a
line from its input and writes one answer a line to its output, both JSON, after one
line that says ``ready``. What they hold is declared in `yahoo_client.py`; the process
lives in `__main__.py`. Nothing is judged or read here: the parent gets the answer's
text as it came.
"""
