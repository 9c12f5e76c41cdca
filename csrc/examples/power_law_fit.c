/* Fit a power law to the numbers of a text file, which has one or more numbers per line:
 *
 *     power_law_fit FILE
 *
 * Prints the number of values, the exponent alpha, xmin, the number of values in the tail and the
 * Kolmogorov-Smirnov distance. Only absolute values above 0 are fitted. */
#include <stdio.h>
#include <stdlib.h>

#include "htst.h"

/* Two distances that differ by no more than this count as equal; the smaller xmin is then
 * chosen. */
#define TOLERANCE 1e-13

/* All numbers of a file in a new array, which the caller frees; NULL and *n = -1 on failure. */
static double *
read_numbers(const char *path, int64_t *n)
{
    FILE *file = fopen(path, "r");
    double *x = NULL;
    int64_t room = 0, count = 0;
    double next;
    int found = 0;

    *n = -1;
    if (file == NULL) {
        return NULL;
    }
    while ((found = fscanf(file, "%lf", &next)) == 1) {
        if (count == room) {
            room = room == 0 ? 1024 : 2 * room;
            double *larger = realloc(x, (size_t) room * sizeof *x);
            if (larger == NULL) {
                break;
            }
            x = larger;
        }
        x[count++] = next;
    }
    fclose(file);
    if (found == EOF) {
        *n = count;
    }
    return x;
}

static int
print_fit(int64_t n, const double *x)
{
    double *work = malloc((size_t) htst_fit_workspace(n) * sizeof *work);
    htst_tail_seen_t seen;
    htst_fit_t fit;
    int status = HTST_ERR_NO_MEMORY;

    if (work != NULL) {
        status = htst_fit_f64(n, x, HTST_TAIL_ABS, 0, 1, TOLERANCE, work, &seen, &fit);
    }
    free(work);
    if (status != HTST_OK) {
        fprintf(stderr, "power_law_fit: %s\n", htst_strerror(status));
        return 1;
    }
    if (fit.best.k < 0) {
        fprintf(stderr, "power_law_fit: no value has a tail that can be fitted\n");
        return 1;
    }
    printf("n %lld\n", (long long) fit.n);
    printf("alpha %.17g\n", fit.best.rate + 1);
    printf("xmin %.17g\n", fit.xmin);
    printf("n_tail %lld\n", (long long) fit.n_tail);
    printf("distance %.17g\n", fit.best.distance);
    return 0;
}

int
main(int argc, char **argv)
{
    int64_t n = -1;
    double *x = argc == 2 ? read_numbers(argv[1], &n) : NULL;
    int failed = 2;

    if (argc != 2) {
        fprintf(stderr, "usage: power_law_fit FILE\n");
    }
    else if (n < 1) {
        fprintf(stderr,
            "power_law_fit: %s: cannot be read, is empty or holds a word that is no number\n",
            argv[1]);
    }
    else {
        failed = print_fit(n, x);
    }
    free(x);
    return failed;
}
