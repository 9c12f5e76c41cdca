/* How probable are more than K of N events, and how large can the probability of an event be?
 *
 *     binomial_tail K N P CONFIDENCE
 *
 * X is binomial with N trials of probability P. Prints log P(X > K) and P(X > K), and the upper
 * limit of Clopper and Pearson: the largest probability that K of N events do not rule out at
 * CONFIDENCE. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "htst.h"

/* A word as a number; NaN if any part of the word is not a number. */
static double
number(const char *word)
{
    char *end;
    double value = strtod(word, &end);

    return end != word && *end == '\0' ? value : NAN;
}

int
main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: binomial_tail K N P CONFIDENCE\n");
        return 2;
    }
    double k = number(argv[1]), n = number(argv[2]), p = number(argv[3]);
    double confidence = number(argv[4]), limit[3];

    if (!(confidence > 0 && confidence < 1)) {
        fprintf(stderr, "binomial_tail: CONFIDENCE must be in (0, 1), got %s\n", argv[4]);
        return 2;
    }
    double log_tail = htst_binomial_logsf(k, n, p);
    htst_binomial_upper_limit(k, n, log1p(-confidence), limit);
    if (isnan(log_tail) || isnan(limit[0])) {
        fprintf(stderr,
            "binomial_tail: need whole numbers 0 <= K <= N and P in [0, 1], got %s, %s, %s\n",
            argv[1], argv[2], argv[3]);
        return 2;
    }
    printf("log_tail %.17g\n", log_tail);
    printf("tail %.17g\n", htst_binomial_sf(k, n, p));
    printf("upper_limit %.17g\n", limit[0]);
    return 0;
}
