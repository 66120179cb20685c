"""Image segmentation by color with k-means, as scikit-learn estimators."""

from lazy_loader import attach_stub

from ._version import __version__ as __version__

# A name is imported when it is first used: the command starts without NumPy. The names are listed in `__init__.pyi`.
__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
