"""A reader of certificate files written from docs/certificate-format.md alone."""

from math import comb

__all__ = ["read"]

SHORT = {
    1: ("gabor", 28, 28, 10),
    2: ("gaussian", 28, 28, 10),
    3: ("pixels", 28, 28, 10),
    4: ("pixels", 8, 8, 10),
    5: ("strokes", 8, 8, 10),
    6: ("lite0", 28, 28, 10),
}
LONG = {64: "gabor", 65: "gaussian", 66: "pixels", 67: "columns", 68: "strokes"}
CHANNELS = {"gabor": 9, "gaussian": 17, "pixels": 1}


def number_of_features(features, height, width):
    if features == "columns":
        return width
    if features == "lite0":
        return 720
    if features == "strokes":
        return 8 * (height - 2) * (width - 2)
    window = 2 if features == "pixels" else 4
    return CHANNELS[features] * (height // window) * (width // window)


def read(data):
    """(features, height, width, classes, weights as a dict of place: sign, offsets)."""
    text = "".join(f"{byte:08b}" for byte in data)
    position = 0

    def take(bits):
        nonlocal position
        if position + bits > len(text):
            raise ValueError("too short")
        position += bits
        return int(text[position - bits : position] or "0", 2)

    form = take(8)
    if form in SHORT:
        features, height, width, classes = SHORT[form]
    elif form in LONG:
        features, (classes, height, width) = LONG[form], (take(16), take(16), take(32))
    else:
        raise ValueError("unknown format")
    k = take(8)
    if k == 255:
        k = take(32)
    levels = take(6) + 1
    n = classes * number_of_features(features, height, width)
    size = levels**classes * comb(n, k) * 2**k
    bits = 0
    while 2**bits < size:
        bits += 1
    number = take(bits)
    if number >= size or "1" in text[position:] or len(text) - position >= 8:
        raise ValueError("not a message")
    number, signs = divmod(number, 2**k)
    offsets, rank = divmod(number, comb(n, k))
    weights = {}
    place = n - 1
    for i in range(k, 0, -1):
        while comb(place, i) > rank:
            place -= 1
        rank -= comb(place, i)
        weights[place] = -1 if signs >> (i - 1) & 1 else 1
        place -= 1
    levels_of = [offsets // levels ** (classes - 1 - q) % levels for q in range(classes)]
    return features, height, width, classes, weights, levels_of
