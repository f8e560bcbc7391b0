"""The options book: what a position in options would really have made.

A pure stage: frames in, frames out, paper only. Nothing in it can place an order, reads
a clock or touches a file.
"""
