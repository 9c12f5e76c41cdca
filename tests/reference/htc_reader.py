"""A reader of certificate files written from docs/certificate-format.md alone."""

from math import comb, isqrt

__all__ = ["activations", "answers", "read", "read_convolutional", "read_network"]

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


def gamma_reader(take):
    def gamma():
        zeros = 0
        while take(1) == 0:
            zeros += 1
        return 2**zeros + take(zeros)

    return gamma


def read_network(data):
    """(features, height, width, classes, seed, values, layers); a layer is a dict."""
    message = Message(data)
    form = message.take(8)
    shape = shape_of(form, message.take, NETWORKS, LONG_NETWORKS)
    features, height, width, _ = shape
    side = {"pixels": 2, "raw": 1}.get(features)
    inputs = width if side is None else (height // side) * (width // side)
    return *shape, *read_layers(message, [], inputs, shape[-1])


def read_convolutional(data):
    """(height, width, classes, seed, values, convolutions, layers); a convolution is a layer with
    its channels, size, stride and pool."""
    message = Message(data)
    gamma = gamma_reader(message.take)
    form = message.take(8)
    short, long = {21: ("raw", 28, 28, 10)}, {22: "raw"}
    _, height, width, classes = shape_of(form, message.take, short, long)
    convolutions, channels, rows, columns = [], 1, height, width
    for _ in range(gamma()):
        filters, size, stride, pool = gamma(), gamma(), gamma(), gamma()
        convolutions.append({
            "n": channels * size * size, "units": filters, "channels": channels, "size": size,
            "stride": stride, "pool": pool,
        })  # fmt: skip
        channels = filters
        rows, columns = (((side - 1) // stride + 1) // pool for side in (rows, columns))
    inputs = channels * rows * columns
    seed, values, layers = read_layers(message, convolutions, inputs, classes)
    n = len(convolutions)
    return height, width, classes, seed, values, layers[:n], layers[n:]


def read_layers(message, convolutions, inputs, classes):
    """(seed, values, layers), the layers after the convolutions."""
    take = message.take
    gamma = gamma_reader(take)
    n_matrices = gamma()
    widths = [inputs, *(gamma() for _ in range(n_matrices - 1)), classes]
    values = gamma()
    layers = [dict(convolution) for convolution in convolutions]
    layers += [{"n": widths[i], "units": widths[i + 1]} for i in range(n_matrices)]
    for number, layer in enumerate(layers):
        layer["mean"] = MEANS[gamma() - 1]
        layer["noise"] = NOISES[gamma() - 1]
        layer["shift"] = take(4) if number < len(layers) - 1 else 0
        layer["k"] = take(8)
        if layer["k"] == 255:
            layer["k"] = take(32)
        layer["levels"] = take(6) + 1
    seed = gamma() - 1 if any(layer["noise"] for layer in layers) else 0
    parts = read_parts(message, layers, values)
    for at, layer in enumerate(layers):
        units, zero = layer["units"], 0 if at == len(layers) - 1 else parts.pop(0)
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
    return seed, values, layers


def read_parts(message, layers, values):
    """The parts of the last number of a network."""
    limits = []
    for number, layer in enumerate(layers):
        last = number == len(layers) - 1
        levels, units = layer["levels"], layer["units"]
        layer["sorted"] = not last and not layer["noise"] and not layers[number + 1]["noise"]
        if not last:
            limits.append(levels)
        limits += [comb(units + levels - 1, units)] if layer["sorted"] else [levels] * units
        limits += [comb(units * layer["n"], layer["k"]), (2 * values) ** layer["k"]]
    size = 1
    for limit in limits:
        size *= limit
    number = message.take((size - 1).bit_length())
    if number >= size or not message.is_at_end():
        raise ValueError("not a message")
    parts = []
    for limit in reversed(limits):
        number, part = divmod(number, limit)
        parts.append(part)
    return parts[::-1]


def entry_of(layer, seed, number, normal, i, j):
    w = layer["mean"] + 16 * layer["b"].get(i * layer["n"] + j, 0)
    return w + round(layer["noise"] * normal(seed, number, i, j)) if layer["noise"] else w


def rectified(c, taps, weights, offset, image, y, x):
    """r of one filter at one place."""
    total, half = 0, (c["size"] - 1) // 2
    for (channel, dy, dx), weight in zip(taps, weights, strict=True):
        row, column = c["stride"] * y + dy - half, c["stride"] * x + dx - half
        if 0 <= row < len(image[0]) and 0 <= column < len(image[0][0]):
            total += weight * image[channel][row][column]
    return max(0, abs(total) + 8 * 2 ** c["shift"] * offset)


def normalised(v):
    """Activations from the totals v[filter][row][column] of windows."""
    rows, columns = len(v[0]), len(v[0][0])
    centre = isqrt(16129 // len(v))
    energy = [
        [
            1000
            + sum(
                one[p][q]
                for one in v
                for p in range(max(0, y - 1), min(rows, y + 2))
                for q in range(max(0, x - 1), min(columns, x + 2))
            )
            for x in range(columns)
        ]
        for y in range(rows)
    ]
    return [
        [
            [min(127, isqrt(145161 * value // e)) - centre for value, e in zip(*both, strict=True)]
            for both in zip(one, energy, strict=True)
        ]
        for one in v
    ]


def activations(convolutions, n_layers, seed, normal, pixels):
    """The inputs of the first of `n_layers` matrices, from rows of features raw of one image."""
    image = [pixels]
    for number, c in enumerate(convolutions, n_layers):
        side, pool = range(c["size"]), c["pool"]
        high, wide = ((n - 1) // c["stride"] + 1 for n in (len(image[0]), len(image[0][0])))
        taps = [(channel, dy, dx) for channel in range(c["channels"]) for dy in side for dx in side]
        found = []
        for i in range(c["units"]):
            w = [entry_of(c, seed, number, normal, i, j) for j in range(c["n"])]
            r = [
                [rectified(c, taps, w, c["offsets"][i], image, y, x) for x in range(wide)]
                for y in range(high)
            ]
            found.append([
                [
                    sum(sum(row[left : left + pool]) for row in r[top : top + pool])
                    // 2 ** c["shift"]
                    for left in range(0, wide - pool + 1, pool)
                ]
                for top in range(0, high - pool + 1, pool)
            ])  # fmt: skip
        image = normalised(found)
    return [value for channel in image for row in channel for value in row]


def answers(layers, seed, normal, x):
    """The class of one example, None if two logits are largest; normal(seed, layer, i, j) is G."""
    for number, layer in enumerate(layers):
        last = number == len(layers) - 1
        step = 256 if last else 8 * 2 ** layer["shift"]
        z = []
        for i in range(layer["units"]):
            total = step * layer["offsets"][i]
            for j in range(layer["n"]):
                total += entry_of(layer, seed, number, normal, i, j) * x[j]
            z.append(total)
        x = z if last else [min(127, max(0, v // 2 ** layer["shift"])) for v in z]
    return x.index(max(x)) if x.count(max(x)) == 1 else None
