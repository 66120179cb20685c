"""Make docs/images/qgis.png: polygons as QGIS draws them.

Run `QT_QPA_PLATFORM=offscreen python3 docs/make_qgis_picture.py MAP` with the Python of QGIS. MAP is
`regions.geojson` of the page "From skseg to other programs", with `transform=(1, 0, 0, 0, -1, 0)`.
"""

import sys
from pathlib import Path

from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProperty,
    QgsSymbolLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

app = QgsApplication([], False)
app.initQgis()
layer = QgsVectorLayer(sys.argv[1], "regions", "ogr")
fill = layer.renderer().symbol().symbolLayer(0)
fill.setDataDefinedProperty(QgsSymbolLayer.PropertyFillColor, QgsProperty.fromField("fill"))
fill.setStrokeColor(QColor("white"))
fill.setStrokeWidth(0.3)
settings = QgsMapSettings()
settings.setLayers([layer])
settings.setDestinationCrs(QgsCoordinateReferenceSystem())
settings.setExtent(layer.extent())
settings.setOutputSize(QSize(600, 400))
job = QgsMapRendererParallelJob(settings)
job.start()
job.waitForFinished()
job.renderedImage().save(str(Path(__file__).parent / "images" / "qgis.png"))
app.exitQgis()
