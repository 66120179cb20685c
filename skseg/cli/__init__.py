"""The command line. `app` is the command `skseg`."""

from .commands import app

__all__ = ["app"]
