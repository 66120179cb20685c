"""The default weights of the cost of a merger, and the default scale.

Found by ``python tests/benchmarks/regions.py --data PATH --learn`` on the 300 images for training and validation of
BSDS500 [1]_; how likely people are to draw a boundary, by the option ``--boundaries --limit 60``.

References
----------
.. [1] P. Arbeláez, M. Maire, C. Fowlkes and J. Malik, "Contour detection and hierarchical image segmentation", IEEE
   Transactions on Pattern Analysis and Machine Intelligence 33(5), 2011.
"""

WEIGHTS = {
    "size": 0.63,
    "length": -0.25,
    "deviation": 0.22,
    "gradient": 2.07,
    "coarse gradient": -1.03,
    "sides": 2.18,
    "labels": 0.88,
    "intercept": 1.02,
}
SCALE = 0.55  # the probability at which covering is highest in the cross-validation
DRAWN = -1.06, 0.59  # intercept and slope of the log-odds that people draw a boundary, by its cost
