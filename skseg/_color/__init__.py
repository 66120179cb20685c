"""Colors: ranges of numbers, color spaces, conversions. Knows neither scikit-learn nor images nor clustering."""

from .conversion import COLOR_SPACE_NAMES, Conversion, check_not_alpha, find_conversion, is_learned
from .spaces import gamma_of, linear_of, luminance
from .units import display_colors, display_limits, hex_code, round_to, shown_as, to_uint8
from .value_range import OF_DTYPE, ValueRange, check_value_range, find_value_range, is_found
