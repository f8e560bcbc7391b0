"""Measures of forecasts and the uncertainty of their means."""
