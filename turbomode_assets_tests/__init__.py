"""Tests of turbomode; the tree mirrors the package."""
