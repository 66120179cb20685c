"""k-means of weighted colors: starts, `KMeans` on few of them, passes over many or a sample of them, and distances."""

from .cells import Cells, group
from .fit import fit_kmeans, known_kmeans
from .nearest_center import NearestCenter, block_length, distances, nearest, weighted_variance
from .passes import Passed, Passes
from .scans import Bounds, CensusScan, Scan, no_buckets, representatives, scattered_buckets, stand_for_all
