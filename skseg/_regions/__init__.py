"""Regions: from classes of colors to connected regions at every scale."""
