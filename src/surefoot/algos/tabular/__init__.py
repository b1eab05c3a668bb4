"""Methods that keep a number per state or per state and action, on one interface.

A method is a generator function: it yields an `Estimate` after each iteration, and the last one is
its result. Planning methods take the `FiniteModel` itself, sampled ones a `World` made of it.
"""
