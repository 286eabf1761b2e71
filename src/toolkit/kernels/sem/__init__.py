"""Structural equation models: syntax → parameter table → moments → estimate → inference → fit."""
