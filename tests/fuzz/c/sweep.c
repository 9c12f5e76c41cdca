/* Call a fuzz target with many inputs, without libFuzzer: no feedback, so it is several times as
 * fast, and it works with every compiler.
 *
 *     sweep_NAME SECONDS SEED MOST_BYTES FAILED [INPUT...]
 *
 * Half of the inputs are random bytes, the other half are INPUTs with a few changes. The program
 * prints the number of calls. An input that aborts is written to the file FAILED; sanitizers abort
 * with ASAN_OPTIONS=abort_on_error=1 UBSAN_OPTIONS=abort_on_error=1. */
#include "htst_fuzz.h"

#include <signal.h>
#include <time.h>

enum { ROOM = 1 << 16, MOST_INPUTS = 4096, CALLS_A_LOOK = 64 };

static struct {
    uint8_t *data;
    size_t size;
} inputs[MOST_INPUTS];
static uint8_t *bytes;
static size_t size;
static const char *failed;
static uint64_t state;

static void
stop(int number)
{
    FILE *file = fopen(failed, "wb");
    if (file != NULL) {
        fwrite(bytes, 1, size, file);
        fclose(file);
    }
    signal(number, SIG_DFL);
    raise(number);
}

/* splitmix64 (Steele, Lea and Flood 2014). */
static uint64_t
draw(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static size_t
below(size_t n)
{
    return (size_t) (draw() >> 32) % n;
}

static void
fill(size_t at, size_t n)
{
    for (; n > 0; at++, n--) {
        bytes[at] = (uint8_t) (draw() >> 56);
    }
}

/* Change one bit, a byte, two bytes or eight; or repeat, cut or extend. */
static void
change_input(size_t most)
{
    size_t at = size ? below(size) : 0, kind = below(8), n;
    if (size == 0 || kind == 0) {
        n = below(most - size + 1);
        fill(size, n);
        size += n;
    }
    else if (kind == 1) {
        size = at;
    }
    else if (kind == 2) {
        size_t from = below(size);
        n = size - (from > at ? from : at);
        memmove(bytes + at, bytes + from, n < 32 ? n : 32);
    }
    else if (kind < 5) {
        bytes[at] ^= (uint8_t) (1u << below(8));
    }
    else {
        n = (size_t) 1 << below(4);
        fill(at, n < size - at ? n : size - at);
    }
}

static void
next_input(size_t n_inputs, size_t most)
{
    if (n_inputs == 0 || draw() & 1) {
        size = below(most + 1);
        fill(0, size);
        return;
    }
    size_t which = below(n_inputs);
    size = inputs[which].size < most ? inputs[which].size : most;
    if (size) {
        memcpy(bytes, inputs[which].data, size);
    }
    for (size_t changes = 1 + below(4); changes > 0; changes--) {
        change_input(most);
    }
}

static int
read_input(const char *name, size_t index)
{
    static uint8_t room[ROOM];
    FILE *file = fopen(name, "rb");
    if (file == NULL) {
        return 0;
    }
    size_t n = fread(room, 1, sizeof room, file);
    fclose(file);
    inputs[index].data = malloc(n + 1);
    REQUIRE(inputs[index].data != NULL);
    memcpy(inputs[index].data, room, n);
    inputs[index].size = n;
    return 1;
}

int
main(int argc, char **argv)
{
    if (argc < 5 || atol(argv[3]) < 1 || atol(argv[3]) > ROOM) {
        fprintf(stderr, "usage: %s SECONDS SEED MOST_BYTES FAILED [INPUT...]\n", argv[0]);
        return 2;
    }
    time_t end = time(NULL) + (time_t) atol(argv[1]);
    size_t most = (size_t) atol(argv[3]), n_inputs = 0;
    long long calls = 0;
    for (int i = 5; i < argc && n_inputs < MOST_INPUTS; i++) {
        n_inputs += (size_t) read_input(argv[i], n_inputs);
    }
    state = strtoull(argv[2], NULL, 10);
    failed = argv[4];
    bytes = malloc(most);
    REQUIRE(bytes != NULL);
    signal(SIGABRT, stop);
    do {
        for (int i = 0; i < CALLS_A_LOOK; i++, calls++) {
            next_input(n_inputs, most);
            LLVMFuzzerTestOneInput(bytes, size);
        }
    } while (time(NULL) < end);
    printf("%lld calls\n", calls);
    return 0;
}
