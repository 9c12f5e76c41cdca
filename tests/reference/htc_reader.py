"""A reader of certificate files written from docs/certificate-format.md alone."""

from math import comb

__all__ = ["answers", "read", "read_network"]

SHORT = {
    1: ("gabor", 28, 28, 10),
    2: ("gaussian", 28, 28, 10),
    3: ("pixels", 28, 28, 10),
    4: ("pixels", 8, 8, 10),
    5: ("strokes", 8, 8, 10),
    6: ("lite0", 28, 28, 10),
    7: ("centred-strokes", 8, 8, 10),
}
LONG = {
    24: "columns", 64: "gabor", 65: "gaussian", 66: "pixels", 67: "columns", 68: "strokes",
    69: "centred-strokes",
}  # fmt: skip
CHANNELS = {"gabor": 9, "gaussian": 11, "pixels": 1}


def number_of_features(features, height, width):
    if features.startswith("columns"):
        return width
    if features == "lite0":
        return 720
    if features in ("strokes", "centred-strokes"):
        return 8 * (height - 2) * (width - 2)
    window = 2 if features == "pixels" else 4
    return CHANNELS[features] * (height // window) * (width // window)


class Message:
    """The bits of a file, first the highest bit of each byte."""

    def __init__(self, data):
        self.text = "".join(f"{byte:08b}" for byte in data)
        self.position = 0

    def take(self, bits):
        if self.position + bits > len(self.text):
            raise ValueError("too short")
        self.position += bits
        return int(self.text[self.position - bits : self.position] or "0", 2)

    def is_at_end(self):
        """Whether only the zeros follow that complete a byte."""
        rest = self.text[self.position :]
        return len(rest) < 8 and "1" not in rest


def places_of(rank, k, n):
    """Decreasing places of the k non-zeros among n."""
    found, place = [], n - 1
    for i in range(k, 0, -1):
        while comb(place, i) > rank:
            place -= 1
        rank -= comb(place, i)
        found.append(place)
        place -= 1
    return found


def shape_of(form, take, short, long):
    """(features, height, width, classes) of formats that fix them, or of those that write them."""
    if form in short:
        return short[form]
    if form not in long:
        raise ValueError("unknown format")
    classes, height, width = take(16), take(16), take(32)
    features = f"columns / 2^{take(5) - 16}" if form in (24, 25) else long[form]
    return features, height, width, classes


def read(data):
    """(features, height, width, classes, weights as a dict of place: sign, offsets)."""
    message = Message(data)
    take = message.take
    form = take(8)
    features, height, width, classes = shape_of(form, take, SHORT, LONG)
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
    if number >= size or not message.is_at_end():
        raise ValueError("not a message")
    number, signs = divmod(number, 2**k)
    offsets, rank = divmod(number, comb(n, k))
    weights = {
        place: -1 if signs >> (k - 1 - i) & 1 else 1
        for i, place in enumerate(places_of(rank, k, n))
    }
    levels_of = [offsets // levels ** (classes - 1 - q) % levels for q in range(classes)]
    return features, height, width, classes, weights, levels_of


NETWORKS = {16: ("pixels", 28, 28, 10), 17: ("raw", 8, 8, 10)}
LONG_NETWORKS = {18: "pixels", 19: "raw", 20: "columns", 25: "columns"}
MEANS = [0, 1, -1, 2, -2, 3, -3, 4, -4, 6, -6, 8, -8]
NOISES = [0, 1, 2, 3, 4, 6, 8, 11, 16, 23, 32]


def read_network(data):
    """(features, height, width, classes, seed, values, layers); a layer is a dict."""
    message = Message(data)
    take = message.take

    def gamma():
        zeros = 0
        while take(1) == 0:
            zeros += 1
        return 2**zeros + take(zeros)

    form = take(8)
    features, height, width, classes = shape_of(form, take, NETWORKS, LONG_NETWORKS)
    side = {"pixels": 2, "raw": 1}.get(features)
    inputs = width if side is None else (height // side) * (width // side)
    n_layers = gamma()
    widths = [inputs, *(gamma() for _ in range(n_layers - 1)), classes]
    values = gamma()
    layers = []
    for number in range(n_layers):
        layer = {"n": widths[number], "units": widths[number + 1]}
        layer["mean"] = MEANS[gamma() - 1]
        layer["noise"] = NOISES[gamma() - 1]
        layer["shift"] = take(4) if number < n_layers - 1 else 0
        layer["k"] = take(8)
        if layer["k"] == 255:
            layer["k"] = take(32)
        layer["levels"] = take(6) + 1
        layers.append(layer)
    seed = gamma() - 1 if any(layer["noise"] for layer in layers) else 0
    limits = []
    for number, layer in enumerate(layers):
        last = number == n_layers - 1
        levels, units = layer["levels"], layer["units"]
        layer["sorted"] = not last and not layer["noise"] and not layers[number + 1]["noise"]
        if not last:
            limits.append(levels)
        limits += [comb(units + levels - 1, units)] if layer["sorted"] else [levels] * units
        limits += [comb(units * layer["n"], layer["k"]), (2 * values) ** layer["k"]]
    size = 1
    for limit in limits:
        size *= limit
    bits = (size - 1).bit_length()
    number = take(bits)
    if number >= size or not message.is_at_end():
        raise ValueError("not a message")
    parts = []
    for limit in reversed(limits):
        number, part = divmod(number, limit)
        parts.append(part)
    parts.reverse()
    for at, layer in enumerate(layers):
        units, zero = layer["units"], 0 if at == n_layers - 1 else parts.pop(0)
        if layer["sorted"]:
            places = places_of(parts.pop(0), units, units + layer["levels"] - 1)[::-1]
            moved = [place - i for i, place in enumerate(places)]
        else:
            moved, parts = parts[:units], parts[units:]
        layer["offsets"] = [v - zero for v in moved]
        places = places_of(parts.pop(0), layer["k"], units * layer["n"])[::-1]
        digits, layer["b"] = parts.pop(0), {}
        for place in places:
            digits, digit = divmod(digits, 2 * values)
            layer["b"][place] = (-1) ** digit * (digit // 2 + 1)
    return features, height, width, classes, seed, values, layers


def answers(layers, seed, normal, x):
    """The class of one example, None if two logits are largest; normal(seed, layer, i, j) is G."""
    for number, layer in enumerate(layers):
        last = number == len(layers) - 1
        step = 256 if last else 8 * 2 ** layer["shift"]
        z = []
        for i in range(layer["units"]):
            total = step * layer["offsets"][i]
            for j in range(layer["n"]):
                w = layer["mean"] + 16 * layer["b"].get(i * layer["n"] + j, 0)
                if layer["noise"]:
                    w += round(layer["noise"] * normal(seed, number, i, j))
                total += w * x[j]
            z.append(total)
        x = z if last else [min(127, max(0, v // 2 ** layer["shift"])) for v in z]
    return x.index(max(x)) if x.count(max(x)) == 1 else None
