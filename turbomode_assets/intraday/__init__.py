"""The intraday desk: a prediction every fifteen minutes, graded in session time."""
