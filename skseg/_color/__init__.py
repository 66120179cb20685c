"""Colors: units, color spaces, conversions. Knows neither scikit-learn nor images nor clustering."""

from .conversion import COLOR_SPACE_NAMES, Conversion, check_not_alpha, find_conversion, is_learned
from .spaces import gamma_of, linear_of, luminance
from .units import display_colors, hex_code, is_unit_range, round_to, to_uint8, to_unit, unit_scale
