/* One scalar kernel, called some number of times; callgrind_binomial.sh counts the instructions. */
#include "htst_binomial.h"
#include "htst_binomial_invert.h"

#include <stdio.h>
#include <stdlib.h>

static double
kernel(int which)
{
    switch (which) {
    case 0: return htst_binomial_logsf(300030000, 1e9, 0.3);
    case 1: return htst_binomial_logsf(5200, 1e4, 0.5);
    case 2: return htst_binomial_logsf(8, 1e6, 3e-6);
    case 3: return htst_binomial_logsf(90000, 1e5, 0.5);
    case 4: return htst_binomial_sf(300030000, 1e9, 0.3);
    case 5: return htst_binomial_logpmf(5200, 1e4, 0.5);
    case 6: return htst_binomial_kl(5200, 1e4, 0.5);
    case 7: return htst_binomial_log_isf(-50, 1e6, 0.3);
    default: break;
    }
    double limit[3];
    htst_binomial_upper_limit(72, 1437, -557.5, limit);
    return limit[0];
}

int
main(int argc, char **argv)
{
    if (argc != 3) {
        return 2;
    }
    double sum = 0.0;
    for (long i = atol(argv[2]); i > 0; i--) {
        sum += kernel(atoi(argv[1]));
    }
    printf("%g\n", sum);
    return 0;
}
