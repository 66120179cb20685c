"""Colors: units, color spaces, conversions. Knows neither scikit-learn nor images nor clustering."""

from .conversion import COLOR_SPACE_NAMES, Conversion, check_not_alpha, find_conversion, is_learned
from .spaces import (
    COLOR_SPACES,
    gamma_of,
    hsv_cone_to_rgb,
    linear_of,
    luminance,
    oklab_to_rgb,
    rgb_to_hsv_cone,
    rgb_to_oklab,
)
from .units import display_colors, hex_code, is_unit_range, round_to, to_uint8, to_unit, unit_scale

__all__ = [
    "COLOR_SPACES",
    "COLOR_SPACE_NAMES",
    "Conversion",
    "check_not_alpha",
    "display_colors",
    "find_conversion",
    "gamma_of",
    "hex_code",
    "hsv_cone_to_rgb",
    "is_learned",
    "is_unit_range",
    "linear_of",
    "luminance",
    "oklab_to_rgb",
    "rgb_to_hsv_cone",
    "rgb_to_oklab",
    "round_to",
    "to_uint8",
    "to_unit",
    "unit_scale",
]
