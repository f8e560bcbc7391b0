"""Yahoo on the own machine: a real HTTPS server for tests, benchmarks and rehearsals.

`server.Server` answers the addresses an unmodified yfinance asks, `world.World` is the
market it knows, `faults` are the ways it can fail, `fixtures` replays recorded answers.
"""
