/* Random samples through htst_refits: any split of the replicates gives the same bits, and each fit
 * is that of a sample drawn by the same steps and fitted by the definition in long double. */
#include "htst_fuzz.h"
#include "htst_refits.h"

enum { MOST = 48, REPLICATES = 3 };

typedef struct {
    int64_t n, n_head, replicate;
    double head[MOST], log_xmin, alpha;
    int refit;
    uint64_t seed;
} task_t;

typedef struct {
    double distance[REPLICATES], alpha[REPLICATES], log_xmin[REPLICATES];
} fits_t;

/* A sample: m different logarithms, and how many values are below each. */
typedef struct {
    int64_t m, first[MOST + 2];
    double y[MOST + 1];
} sample_t;

static int
call(const task_t *task, int64_t skip, int64_t count, fits_t *fits)
{
    int64_t bytes = htst_refits_workspace(task->n);
    void *work = malloc((size_t) bytes);
    int status = htst_refits(task->n, task->n_head, task->head, task->log_xmin, task->alpha,
        task->refit, task->seed, task->replicate + skip, count, work, fits->distance + skip,
        fits->alpha + skip, fits->log_xmin + skip);
    free(work);
    return status;
}

/* Bits of a counter: the finaliser of splitmix64 (Steele, Lea and Flood 2014). */
static uint64_t
mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void
add_value(sample_t *s, double y)
{
    int is_new = s->m == 0 || y > s->y[s->m - 1];
    s->m += is_new;
    s->y[s->m - 1] = is_new ? y : s->y[s->m - 1];
    s->first[s->m] = s->first[s->m - is_new] + 1;
}

static sample_t
draw_sample(const task_t *task, int64_t replicate)
{
    uint64_t key = mix(mix(task->seed) + (uint64_t) replicate * 0xd1342543de82ef95u), step = 0;
    int64_t hits[MOST] = { 0 }, n_tail = task->n;
    sample_t s = { 0, { 0 }, { 0 } };
    for (int64_t i = 0; i < task->n && task->n_head; i++) {
        uint64_t word = mix(key + ++step * 0x9e3779b97f4a7c15u) >> 32;
        uint64_t which = word * (uint64_t) task->n >> 32;
        if (which < (uint64_t) task->n_head) {
            hits[which]++;
            n_tail--;
        }
    }
    for (int64_t i = 0; i < task->n_head; i++) {
        for (; hits[i] > 0; hits[i]--) {
            add_value(&s, task->head[i]);
        }
    }
    if (!task->refit) { /* xmin is a candidate without a value */
        s.y[s.m++] = task->log_xmin;
    }
    double y = task->log_xmin;
    for (; n_tail > 0; n_tail--) {
        uint64_t word = mix(key + ++step * 0x9e3779b97f4a7c15u) >> 12;
        y -= log(((double) word + .5) * 0x1p-52) / ((double) n_tail * (task->alpha - 1));
        add_value(&s, y);
    }
    return s;
}

/* The distance of a candidate and its rate, from their definitions. */
static long double
distance_of(const sample_t *s, int64_t k, long double *rate)
{
    long double sum = 0, most = 0, n = s->first[s->m] - s->first[k];
    for (int64_t j = k; j < s->m; j++) {
        sum += (s->first[j + 1] - s->first[j]) * ((long double) s->y[j] - s->y[k]);
    }
    *rate = n / sum;
    for (int64_t j = k; j < s->m; j++) {
        long double model = -expm1l(-*rate * ((long double) s->y[j] - s->y[k]));
        long double below = (s->first[j] - s->first[k]) / n;
        most = fmaxl(most, fabsl(model - below));
    }
    return most;
}

static void
check_fit(const task_t *task, const fits_t *fits, int64_t r)
{
    sample_t s = draw_sample(task, task->replicate + r);
    int64_t end = task->refit ? s.m - 1 : 1, found = -1;
    long double least = INFINITY, rate, scale = fmaxl(1, fabsl(s.y[s.m - 1]) + fabsl(s.y[0]));
    for (int64_t k = 0; k < end; k++) {
        long double distance = distance_of(&s, k, &rate);
        least = fminl(least, rate > 0 ? distance : INFINITY);
        found = s.y[k] == fits->log_xmin[r] ? k : found;
    }
    if (isnan(fits->distance[r])) {
        REQUIRE(isnan(fits->alpha[r]) && isnan(fits->log_xmin[r]) && end <= 0);
        return;
    }
    /* Differences of logarithms are small beside them: an ulp of y moves a rate by rate times it. */
    REQUIRE(found >= 0);
    long double distance = distance_of(&s, found, &rate), slack = 1e-13L + 1e-15L * rate * scale;
    REQUIRE(fabsl(fits->distance[r] - distance) <= slack && distance <= least + slack);
    REQUIRE(fabsl(fits->alpha[r] - 1 - rate) <= rate * (slack + 1e-12L) + 1e-15L);
}

static task_t
draw_task(htst_fuzz_t *input)
{
    task_t task = { .n = 1 + htst_fuzz_int(input, MOST),
        .refit = (int) htst_fuzz_int(input, 4) > 0 };
    int64_t kind = htst_fuzz_int(input, 3);
    task.n_head = !task.refit || kind == 0 ? 0 : kind == 1 ? task.n : htst_fuzz_int(input, task.n);
    int ties = 1 + (int) htst_fuzz_int(input, 200);
    double y = (double) (htst_fuzz_int(input, 65536) - 32768) / 1024;
    for (int64_t i = 0; i < task.n_head; i++) {
        task.head[i] = y;
        y += (double) (htst_fuzz_int(input, 65536) % ties) / 256;
    }
    task.log_xmin = y + (double) htst_fuzz_int(input, 2) / 64;
    task.alpha = 1 + exp2((double) htst_fuzz_int(input, 65536) / 8192 - 4);
    htst_fuzz_bytes(input, &task.seed, sizeof task.seed);
    htst_fuzz_bytes(input, &task.replicate, sizeof task.replicate);
    task.replicate = (int64_t) ((uint64_t) task.replicate >> 2);
    return task;
}

static void
refit(htst_fuzz_t *input)
{
    task_t task = draw_task(input);
    fits_t all, parts;
    memset(&all, 0, sizeof all);
    memset(&parts, 0, sizeof parts);
    int64_t cut = htst_fuzz_int(input, REPLICATES + 1);
    int status = call(&task, 0, REPLICATES, &all);
    REQUIRE(status == 0);
    REQUIRE(call(&task, 0, cut, &parts) == 0 && call(&task, cut, REPLICATES - cut, &parts) == 0);
    REQUIRE(memcmp(&all, &parts, sizeof all) == 0);
    for (int64_t r = 0; r < REPLICATES; r++) {
        check_fit(&task, &all, r);
    }
}

/* Heads of any bits are fitted or refused, and no memory outside the arrays is touched. */
static void
refit_anything(htst_fuzz_t *input)
{
    task_t task = draw_task(input);
    fits_t fits;
    task.log_xmin = htst_fuzz_number(input);
    task.alpha = htst_fuzz_number(input);
    for (int64_t i = 0; i < task.n_head; i++) {
        task.head[i] = htst_fuzz_double(input);
    }
    int status = call(&task, 0, 1, &fits);
    REQUIRE(task.alpha > 1 ? status == 0 || status == HTST_ERR_BAD_ARG || status == HTST_ERR_TOO_FEW
                           : status == HTST_ERR_BAD_ARG);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const htst_fuzz_way_t ways[] = { { 1, refit_anything }, { 7, refit }, { 0, NULL } };
    return htst_fuzz_take(data, size, ways);
}
