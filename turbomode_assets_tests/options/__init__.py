"""Tests of the options book."""
