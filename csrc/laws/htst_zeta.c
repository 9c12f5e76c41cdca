#include "htst_zeta.h"

#include <math.h>

/* For a >= s + 12, each term of Euler and Maclaurin's sum is at most ((s + 2k)/(2 pi a))^2 of the
 * previous one. */
#define FROM 12
#define NEGLIGIBLE 1e-20
#define N_TERMS 14

static const double EULER_MACLAURIN[N_TERMS] = {
    /* B_2k/(2k)!, k = 1, 2, ... */
    0.083333333333333329,    /* 1/12 */
    -0.0013888888888888889,  /* -1/720 */
    3.3068783068783071e-05,  /* 1/30240 */
    -8.2671957671957675e-07, /* -1/1209600 */
    2.08767569878681e-08,    /* 1/47900160 */
    -5.2841901386874932e-10, /* -691/1307674368000 */
    1.3382536530684679e-11,  /* 1/74724249600 */
    -3.3896802963225827e-13, /* -3617/10670622842880000 */
    8.5860620562778452e-15,  /* 43867/5109094217170944000 */
    -2.1748686985580619e-16, /* -174611/802857662698291200000 */
    5.5090028283602295e-18,  /* 77683/14101100039391805440000 */
    -1.3954464685812522e-19, /* -236364091/1693824136731743669452800000 */
    3.5347070396294673e-21,  /* 657931/186134520519971831808000000 */
    -8.9535174270375463e-23, /* -3392780147/37893265687455865519472640000000 */
};

/* A function of s with its first and second derivative. */
typedef struct {
    double v, d1, d2;
} jet_t;

static int
is_inside(double s, double q, double top)
{
    return q >= 1 && q < INFINITY && s < INFINITY && top >= q && (isinf(top) ? s > 1 : s >= 0);
}

static void
add(jet_t *sum, jet_t x)
{
    sum->v += x.v;
    sum->d1 += x.d1;
    sum->d2 += x.d2;
}

/* f times weight e^(-s u), by the product rule: the logarithmic derivative of e^(-s u) in s is
 * -u. */
static jet_t
damped(jet_t f, double u, double weight)
{
    jet_t x = { weight * f.v, weight * (f.d1 - u * f.v),
        weight * (f.d2 - u * (2 * f.d1 - u * f.v)) };
    return x;
}

/* C(a) of htst_zeta.h. */
static jet_t
boundary(double s, double a)
{
    jet_t c = { 0.5, 0, 0 }, p = { s / a, 1 / a, 0 };

    for (int k = 0; k < N_TERMS; k++) {
        double b = EULER_MACLAURIN[k];
        jet_t term = { b * p.v, b * p.d1, b * p.d2 };
        add(&c, term);
        if (fabs(term.v) + (s + 1) * (fabs(term.d1) + (s + 1) * fabs(term.d2)) < NEGLIGIBLE) {
            break;
        }
        for (int j = 2 * k + 1; j <= 2 * k + 2; j++) {
            double factor = (s + j) / a;
            p.d2 = p.d2 * factor + 2 * p.d1 / a;
            p.d1 = p.d1 * factor + p.v / a;
            p.v *= factor;
        }
    }
    return c;
}

static double
boundary_value(double s, double a)
{
    double c = 0.5, inverse = 1 / a, p = s * inverse;

    for (int k = 0; k < N_TERMS; k++) {
        double term = EULER_MACLAURIN[k] * p;
        c += term;
        if (fabs(term) < 1e-18) {
            break;
        }
        p *= (s + 2 * k + 1) * inverse * ((s + 2 * k + 2) * inverse);
    }
    return c;
}

/* int_0^1 t^i e^(-z t) dt for i = 0, 1, 2 */
static void
moments(double z, double e[3])
{
    if (fabs(z) < 0.5) { /* the power series; the error of 18 terms is 0.5^18/18! */
        double term = 1;
        e[0] = e[1] = e[2] = 0;
        for (int i = 0; i < 18; i++) {
            e[0] += term / (i + 1);
            e[1] += term / (i + 2);
            e[2] += term / (i + 3);
            term *= -z / (i + 1);
        }
        return;
    }
    double end = exp(-z);
    e[0] = -expm1(-z) / z;
    e[1] = (e[0] - end) / z;
    e[2] = (2 * e[1] - end) / z;
}

/* int_0^length e^((1 - s) t) dt */
static jet_t
integral(double s, double length)
{
    double r = s - 1, e[3];

    if (isinf(length)) {
        jet_t x = { 1 / r, -1 / (r * r), 2 / (r * r * r) };
        return x;
    }
    moments(r * length, e);
    jet_t x = { length * e[0], -length * length * e[1], length * length * length * e[2] };
    return x;
}

/* The sum of the terms of Z from a on, in units of a^-s. */
static jet_t
beyond(double s, double a, double top)
{
    double length = isinf(top) ? INFINITY : log1p((top - a + 1) / a);
    jet_t x = integral(s, length);

    x.v *= a;
    x.d1 *= a;
    x.d2 *= a;
    add(&x, boundary(s, a));
    if (!isinf(top)) {
        add(&x, damped(boundary(s, top + 1), length, -exp(-s * length)));
    }
    return x;
}

static double
beyond_value(double s, double a, double top)
{
    double r = s - 1;

    if (isinf(top)) {
        return a / r + boundary_value(s, a);
    }
    double length = log1p((top - a + 1) / a), z = r * length;
    double mean = fabs(z) < 1e-300 ? 1 : -expm1(-z) / z;
    return a * length * mean + boundary_value(s, a) - exp(-s * length) * boundary_value(s, top + 1);
}

/* True if the terms from (a/q)^-s = w on are negligible compared with `sum`; s > 1 if the sum has
 * no end. */
static int
is_negligible(double w, double s, double a, double sum)
{
    return s > 2 && w * (1 + a / (s - 1)) <= NEGLIGIBLE * sum; /* equal: both have underflowed */
}

double
htst_zeta_scaled(double s, double q, double top)
{
    double sum = 1;

    if (!is_inside(s, q, top)) {
        return NAN;
    }
    if (top == q) { /* a single term; the formula would leave a rounding error */
        return 1;
    }
    if (q >= s + FROM) {
        return beyond_value(s, q, top);
    }
    for (double i = 1; i <= top - q; i++) {
        double w = exp(-s * log1p(i / q));
        if (q + i >= s + FROM) {
            return sum + w * beyond_value(s, q + i, top);
        }
        sum += w;
        if (is_negligible(w, s, q + i, sum)) {
            break;
        }
    }
    return sum;
}

void
htst_zeta_log_scaled(double s, double q, double top, double out[3])
{
    jet_t rest = { 0, 0, 0 }; /* Z - 1 */

    if (!is_inside(s, q, top)) {
        out[0] = out[1] = out[2] = NAN;
        return;
    }
    if (top == q) {
        out[0] = out[1] = out[2] = 0;
        return;
    }
    if (q >= s + FROM) {
        rest = beyond(s, q, top);
        rest.v -= 1;
    }
    else {
        for (double i = 1; i <= top - q; i++) {
            double u = log1p(i / q), w = exp(-s * u);
            if (q + i >= s + FROM) {
                add(&rest, damped(beyond(s, q + i, top), u, w));
                break;
            }
            jet_t term = { w, -u * w, u * u * w };
            add(&rest, term);
            if (is_negligible(w, s, q + i, rest.v)) {
                break;
            }
        }
    }
    double z = 1 + rest.v;
    out[0] = log1p(rest.v);
    out[1] = rest.d1 / z;
    out[2] = rest.d2 / z - out[1] * out[1];
}

void
htst_zeta_log(double s, double q, double out[3])
{
    double logq = log(q);

    htst_zeta_log_scaled(s, q, INFINITY, out);
    out[0] -= s * logq;
    out[1] -= logq;
}
