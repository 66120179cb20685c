"""Sizes that decide how work is done. They are in one place, so that tests can lower them."""

from dataclasses import dataclass


@dataclass
class Limits:
    """Sizes of blocks, and numbers of colors.

    Attributes
    ----------
    parallel_rows : fewer rows are worked on before a thread has started
    block_pixels : pixels of an image that are counted, or passed over, at a time
    block_bytes : bytes of them, if they have to be read or copied
    result_pixels : pixels whose results are made at a time, if an image is not in memory
    label_map_pixels : of a stored image whose label map `fit` still keeps, or of a lazy one that is computed whole
    pass_numbers : numbers of the colors that are labeled at a time in a pass
    map_numbers : numbers of a label map, or another long array, that are worked on at a time without copying it whole
    many_regions : more are first merged in rounds
    many_neighbors : a region that has more does not look at all of them after each merger
    table_pixels : pixels whose colors are summed at a time for a table of regions
    outlined_runs, written_points : runs of pixels whose outlines are found together, and points written together
    drawn_points : corners of the paths of an SVG file, which browsers and editors hold in memory
    written_labels : labels of a label map that the command writes; 16 bits hold no more
    command_pixels : pixels of a large file that the command works on at a time
    command_bytes : of images that the command keeps until their results are written, so that a few are read once
    chart_colors, chart_choices : colors of images that are compared with a chart before they are grouped, and choices
        from a chart that are all tried
    crossed_labels : cells of a table of two labels that is not worth compressing
    probed_pixels : pixels that tell how many distinct colors there are, about
    keys : distinct colors with keys of up to 32 bits that are counted
    colors_in_fit, colors_in_score : distinct colors without such keys that are counted, of up to eight channels; see
        `of_channels`
    waiting_colors : colors of single images that may wait to be merged: a few megabytes
    held_colors : colors of up to four channels whose features are held together; more are passed over
    sampled_colors : colors of up to eight channels that passes are started from, at least; see `of_channels`
    kept_bytes : of a census that is kept with a model, unless its colors fit into 24 bits
    """

    parallel_rows: int = 1 << 16
    block_pixels: int = 1 << 24
    block_bytes: int = 1 << 26
    result_pixels: int = 1 << 22
    label_map_pixels: int = 64_000_000
    pass_numbers: int = 1 << 20
    map_numbers: int = 1 << 16
    many_regions: int = 20_000
    many_neighbors: int = 100
    table_pixels: int = 1 << 20
    outlined_runs: int = 1 << 18
    written_points: int = 1 << 16
    drawn_points: int = 1_000_000
    written_labels: int = 65535
    command_pixels: int = 1 << 20
    command_bytes: int = 1 << 29
    chart_colors: int = 4096
    chart_choices: int = 5000
    crossed_labels: int = 1 << 22
    probed_pixels: int = 1 << 13
    keys: int = 1 << 22
    colors_in_fit: int = 1 << 18
    colors_in_score: int = 1 << 22
    waiting_colors: int = 1 << 18
    held_colors: int = 1 << 19
    sampled_colors: int = 1 << 15
    kept_bytes: int = 1 << 23


def of_channels(n_colors: int, n_channels: int) -> int:
    """A limit for colors of any number of channels: as many numbers as `n_colors` of eight channels have, at most."""
    return n_colors * 8 // max(8, n_channels)


LIMITS = Limits()
