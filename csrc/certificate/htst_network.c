#include "htst_network.h"

#include "htst_isa.h"

#include <stddef.h>

/* Examples that are processed together, so that their activations stay in the cache. */
#define BLOCK 256

#define MOST_WIDTH (1 << 22)

int64_t
htst_network_units(const htst_network_t *network, int64_t layer)
{
    int64_t units = 0;
    for (int64_t l = 0; l < layer; l++) {
        units += network->widths[l + 1];
    }
    return units;
}

int64_t
htst_network_entries(const htst_network_t *network, int64_t layer)
{
    int64_t entries = 0;
    for (int64_t l = 0; l < layer; l++) {
        entries += network->widths[l] * network->widths[l + 1];
    }
    return entries;
}

static int
check_sizes(const htst_network_t *network)
{
    if (network->n_layers < 1 || network->n_layers > HTST_NETWORK_LAYERS) {
        return HTST_ERR_BAD_ARG;
    }
    for (int64_t l = 0; l <= network->n_layers; l++) {
        if (network->widths[l] < 1 || network->widths[l] > MOST_WIDTH) {
            return HTST_ERR_BAD_ARG;
        }
    }
    for (int64_t l = 0; l + 1 < network->n_layers; l++) {
        if (network->shifts[l] < 0 || network->shifts[l] > 30) {
            return HTST_ERR_BAD_ARG;
        }
    }
    return HTST_OK;
}

int
htst_network_check(const htst_network_t *network)
{
    int status = check_sizes(network);
    if (status != HTST_OK) {
        return status;
    }
    const int32_t *weights = network->weights, *constants = network->constants;
    for (int64_t l = 0; l < network->n_layers; l++) {
        for (int64_t u = 0; u < network->widths[l + 1]; u++) {
            int64_t constant = *constants++, sum = 0; /* below 2^22 x 2^31 */
            for (int64_t j = 0; j < network->widths[l]; j++) {
                int64_t w = *weights++;
                sum += w < 0 ? -w : w;
            }
            if (HTST_NETWORK_TOP * sum + (constant < 0 ? -constant : constant) > INT32_MAX) {
                return HTST_ERR_OVERFLOW;
            }
        }
    }
    return HTST_OK;
}

static int64_t
largest_width(const htst_network_t *network)
{
    int64_t most = 0;
    for (int64_t l = 0; l <= network->n_layers; l++) {
        most = network->widths[l] > most ? network->widths[l] : most;
    }
    return most;
}

int64_t
htst_network_work(const htst_network_t *network)
{
    return BLOCK + BLOCK / 2 * largest_width(network); /* a row of z, two layers of bytes */
}

HTST_VOID_KERNEL(add_column,
    (int32_t *HTST_RESTRICT z, const int8_t *HTST_RESTRICT x, int64_t n, int32_t weight),
    (z, x, n, weight))
{
    for (int64_t i = 0; i < n; i++) {
        z[i] += weight * x[i];
    }
}

void
htst_network_add(int32_t *z, const int8_t *x, int64_t n, int32_t weight)
{
    add_column(z, x, n, weight);
}

HTST_VOID_KERNEL(activate,
    (const int32_t *HTST_RESTRICT z, int64_t n, int32_t shift, int8_t *HTST_RESTRICT x),
    (z, n, shift, x))
{
    for (int64_t i = 0; i < n; i++) {
        int32_t positive = z[i] > 0 ? z[i] : 0;
        positive >>= shift;
        x[i] = (int8_t) (positive < HTST_NETWORK_TOP ? positive : HTST_NETWORK_TOP);
    }
}

void
htst_network_activate(const int32_t *z, int64_t n, int32_t shift, int8_t *x)
{
    activate(z, n, shift, x);
}

/* Compute z of one unit for n examples whose activations are x, (inputs, BLOCK). */
static void
sum_unit(const int32_t *weights, int64_t n_inputs, int32_t constant, const int8_t *x, int64_t n,
    int32_t *z)
{
    for (int64_t i = 0; i < n; i++) {
        z[i] = constant;
    }
    for (int64_t j = 0; j < n_inputs; j++) {
        if (weights[j]) {
            add_column(z, x + j * BLOCK, n, weights[j]);
        }
    }
}

/* Compute the logits of one block into the first n columns of logits, (classes, stride). */
static void
pass_block(const htst_network_t *network, int8_t *now, int8_t *next, int64_t n, int32_t *z,
    int32_t *logits, int64_t stride)
{
    const int32_t *weights = network->weights, *constants = network->constants;
    for (int64_t l = 0; l < network->n_layers; l++) {
        int64_t n_inputs = network->widths[l], n_units = network->widths[l + 1];
        int is_last = l + 1 == network->n_layers;
        for (int64_t u = 0; u < n_units; u++) {
            int32_t *row = is_last ? logits + u * stride : z;
            sum_unit(weights + u * n_inputs, n_inputs, constants[u], now, n, row);
            if (!is_last) {
                activate(row, n, network->shifts[l], next + u * BLOCK);
            }
        }
        weights += n_inputs * n_units;
        constants += n_units;
        int8_t *other = now;
        now = next;
        next = other;
    }
}

void
htst_network_logits(
    const htst_network_t *network, const int8_t *inputs, int64_t n, int32_t *work, int32_t *logits)
{
    int64_t d = network->widths[0], most = largest_width(network);
    int8_t *now = (int8_t *) (work + BLOCK), *next = now + BLOCK * most;
    for (int64_t at = 0; at < n; at += BLOCK) {
        int64_t size = n - at < BLOCK ? n - at : BLOCK;
        for (int64_t i = 0; i < size; i++) {
            for (int64_t j = 0; j < d; j++) {
                now[j * BLOCK + i] = inputs[(at + i) * d + j];
            }
        }
        pass_block(network, now, next, size, work, logits + at, n);
    }
}

int64_t
htst_network_errors(const int32_t *logits, const int64_t *labels, int64_t n_classes, int64_t n)
{
    int64_t errors = 0;
    for (int64_t i = 0; i < n; i++) {
        int32_t label = logits[labels[i] * n + i];
        int wrong = 0;
        for (int64_t c = 0; c < n_classes; c++) {
            wrong |= c != labels[i] && logits[c * n + i] >= label;
        }
        errors += wrong;
    }
    return errors;
}
