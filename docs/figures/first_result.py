"""The first result on the page Start."""

from skimage.data import coffee

from skseg import KMeansSegmenter, SegmentationDisplay

image = coffee()
SegmentationDisplay.from_estimator(KMeansSegmenter(n_clusters=5, random_state=0).fit(image), image)
