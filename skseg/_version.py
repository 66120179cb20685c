"""The version, for the package and the files that it writes."""

__version__ = "0.2.0"
