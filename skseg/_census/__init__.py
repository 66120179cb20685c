"""Colors that repeat: keys, counting, sampling, look-up, by several threads. Knows neither images nor clustering."""

from .census import Census, count, hash_buckets, merge, sample, shrink
from .lookup import LabelCache, map_colors, map_rows, take
from .sums import mean_colors, means_by_label, sums_by_label, usual_limits
