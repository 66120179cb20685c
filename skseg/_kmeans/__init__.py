"""k-means of weighted colors: starts, `KMeans` on few of them, passes over many, and distances."""

from .cells import Cells, group
from .distances import NearestCenter, distances, nearest, weighted_variance
from .fit import far_out, fit_kmeans, known_kmeans
from .passes import Memory, Passed, Passes, Scan, frequent_buckets, no_buckets

__all__ = [
    "Cells",
    "Memory",
    "NearestCenter",
    "Passed",
    "Passes",
    "Scan",
    "distances",
    "far_out",
    "fit_kmeans",
    "frequent_buckets",
    "group",
    "known_kmeans",
    "nearest",
    "no_buckets",
    "weighted_variance",
]
