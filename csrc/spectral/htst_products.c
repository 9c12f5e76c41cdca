#include "htst_products.h"

#include "htst_isa.h"

#include <math.h>
#include <string.h>

#define LANES \
    8 /* partial sums of a dot product, one for each lane of a vector; the order is fixed */
#define SUMS 4      /* vectors of partial sums, so that no addition waits for the previous one */
#define GROUP 4     /* number of rows that share one read of v and of out */
#define NARROW 1024 /* up to this many columns v stays in the L1 cache: row by row */
#define PIECE 1024  /* squares of one plain sum */

typedef double doubles_t __attribute__((vector_size(8 * LANES)));
typedef float floats_t __attribute__((vector_size(4 * LANES)));

static double
sum_of_lanes(const double *lanes)
{
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]))
        + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

/* Add a value to sum[0] + sum[1]; the rounding error of the addition goes into sum[1]. */
static void
add_to(double sum[2], double value)
{
    double total = sum[0] + value, part = total - sum[0];
    double lost = (sum[0] - (total - part)) + (value - part);
    sum[0] = total;
    sum[1] += isfinite(total) ? lost : 0;
}

#define WIDENED(from) __builtin_convertvector(*(const unaligned_floats_t *) (from), doubles_t)
#define AS_IT_IS(from) (*(const unaligned_doubles_t *) (from))

typedef float unaligned_floats_t __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef double unaligned_doubles_t __attribute__((vector_size(8 * LANES), aligned(8), may_alias));

#define FLOAT float
#define LOAD(from) __builtin_convertvector(*(const unaligned_floats_t *) (from), doubles_t)
#define OF(name) name##_f32
#include "htst_products_template.h"

#define FLOAT double
#define LOAD(from) (*(const unaligned_doubles_t *) (from))
#define OF(name) name##_f64
#include "htst_products_template.h"
