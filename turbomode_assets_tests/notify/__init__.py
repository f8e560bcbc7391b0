"""Tests of messages and channels."""
