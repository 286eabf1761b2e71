"""Analyses: Responses in, Result out."""
