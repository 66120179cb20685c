"""Regions at three scales."""

from skimage.data import astronaut

from skseg import RegionDisplay, RegionSegmenter

photo = astronaut()
RegionDisplay.from_estimator(RegionSegmenter().fit(photo), photo)
