"""Faults in csrc/stable, apart from the random numbers."""

from fault import Fault

FAULTS = (
    Fault(
        "htst_stable_contour.c",
        "a step is halved once, not until the sums stand still",
        "if (is_converged(&sums, fmax(fabs(tail), tail_scale / step))) {",
        "if (1 || is_converged(&sums, fmax(fabs(tail), tail_scale / step))) {",
    ),
    Fault(
        "htst_stable_contour.c",
        "the tail forgets the angle of the ray",
        "double upper = (angle + sums.tail) / HTST_PI;",
        "double upper = sums.tail / HTST_PI;",
    ),
    Fault(
        "htst_stable_contour.c",
        "the density forgets the size of the ray",
        "sums.density * t.inverse / HTST_PI, upper",
        "sums.density / HTST_PI, upper",
    ),
    Fault(
        "htst_stable_contour.c",
        "points beyond doubles have the tail of the largest point",
        "double power = point.far > 0.0 ? exp(-alpha * log_x) : pow(x, -alpha);",
        "double power = pow(x, -alpha);",
    ),
    Fault(
        "htst_stable_contour.c",
        "the ray is not turned with the point",
        "double turn = alpha * (angle - straight), sine",
        "double turn = 0.9 * alpha * (angle - straight), sine",
    ),
    Fault(
        "htst_stable_nolan.c",
        "nodes miss the end of a plateau",
        "#define LEAST_STRIP 0.7 ",
        "#define LEAST_STRIP 0.02 ",
    ),
    Fault(
        "htst_stable_nolan.c",
        "a sweep ends at terms of a millionth",
        "#define NEGLIGIBLE 1e-17",
        "#define NEGLIGIBLE 1e-6",
    ),
    Fault(
        "htst_stable_nolan.c",
        "the mass left of a light tail is lost",
        "upper, lower, above ? 0.0 : more, above ? more : 0.0 };",
        "upper, lower, 0.0, 0.0 };",
    ),
    Fault(
        "htst_stable_values.c",
        "the seam between two integrals is not mirrored",
        "        return by_nolan(law, point);\n",
        "        return by_nolan(law, seen);\n",
    ),
    Fault(
        "htst_stable_values.c",
        "the cut takes the light tail of a small alpha",
        "return k > -SMALL_GROWTH && k < MOST_DECAY;",
        "return k > -SMALL_GROWTH;",
    ),
    Fault(
        "htst_stable_values.c",
        "points beyond doubles forget the shift of alpha = 1",
        "law->is_one && law->beta != 0.0 ? law->shift : q;",
        "law->is_one && law->beta == 2.0 ? law->shift : q;",
    ),
    Fault(
        "htst_stable_values.c",
        "a probability may exceed 1",
        "double upper = fmin(v->upper * scale + v->upper_more, 1.0);",
        "double upper = v->upper * scale + v->upper_more;",
    ),
    Fault(
        "htst_stable_closed.c",
        "the square of a normal point overflows",
        "*scale = isinf(square) ? -INFINITY : -square - 2.0 * u.hi * u.lo;",
        "*scale = -square - 2.0 * u.hi * u.lo;",
    ),
    Fault(
        "htst_stable_values.c",
        "the median of a symmetric law moves",
        "v.lower = v.upper = 0.5;",
        "v.lower = v.upper = 0.25;",
    ),
    Fault(
        "htst_stable_table.c",
        "a leaf is used before it is resolved",
        "if (fill_leaf(b, low, high, &table->leaf[table->n_leaves])) {",
        "if (fill_leaf(b, low, high, &table->leaf[table->n_leaves]) || count < 256) {",
    ),
    Fault(
        "htst_stable_table.c",
        "coefficients of powers lack a factor",
        "b->chebyshev[k][j] = 2.0 * shifted - b->chebyshev[k - 2][j];",
        "b->chebyshev[k][j] = 2.0 * shifted + b->chebyshev[k - 2][j];",
    ),
    Fault(
        "htst_stable_table.c",
        "the density forgets the scale",
        "logs[i] -= density ? log_scale : 0.0;",
        "logs[i] -= 0.0 * log_scale;",
    ),
    Fault(
        "htst_stable_invert.c",
        "Newton's method may leave the bracket",
        "if (is_tiny || swings || !(next > low && next < high)) {",
        "if (is_tiny || swings) {",
    ),
    Fault(
        "htst_stable_invert.c",
        "the way back into the bracket has short steps",
        "stride *= 2.0;",
        "stride = 0.5;",
    ),
    Fault(
        "htst_stable_invert.c",
        "the scale of S1 at alpha = 1 is forgotten",
        "moved += 2.0 / HTST_PI * beta * scale * log(scale);",
        "moved += 0.0;",
    ),
    Fault(
        "htst_stable_law.c",
        "a point of S1 counts as one of S0",
        "point.x0 = htst_pair_add(x, negative(law->shift));",
        "point.x0 = x;",
    ),
)
