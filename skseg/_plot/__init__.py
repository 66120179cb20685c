"""Displays, drawn with matplotlib.

As in scikit-learn, `from_…` computes the data of a display, and `plot` only draws it.
"""
