"""Plots of a run, and traces of a model as text or as a web page."""
