"""Tests of the intraday desk."""
