#include "htst_isa.h"

#include <stdlib.h>
#include <string.h>

#ifdef HTST_ISA_HAS_X86
#include <cpuid.h>

int htst_isa_in_use = HTST_ISA_PLAIN;
static int status = HTST_OK;

/* Ask the processor: clang before 16 does not know the feature's name in HTST_CPU_HAS. */
static int
has_f16c(void)
{
    unsigned int a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}

int
htst_isa_best(void)
{
    HTST_CPU_INIT();
    if (!HTST_CPU_HAS("avx2") || !HTST_CPU_HAS("fma") || !HTST_CPU_HAS("bmi")
        || !HTST_CPU_HAS("bmi2") || !HTST_CPU_HAS("popcnt") || !has_f16c()) {
        return HTST_ISA_PLAIN;
    }
    return HTST_CPU_HAS("avx512f") && HTST_CPU_HAS("avx512bw") && HTST_CPU_HAS("avx512cd")
            && HTST_CPU_HAS("avx512dq") && HTST_CPU_HAS("avx512vl")
        ? HTST_ISA_AVX512
        : HTST_ISA_AVX2;
}

/* The loader calls this function once, before anything else of the library runs. */
HTST_AT_LOAD static void
choose(void)
{
    const char *name = getenv("HTST_ISA");
    const int best = htst_isa_best();
    int chosen = name == NULL || *name == '\0' ? best : htst_isa_of_name(name);
    if (chosen < 0 || chosen > best) {
        status = HTST_ERR_BAD_ARG;
        chosen = best;
    }
    htst_isa_in_use = chosen;
}

int
htst_isa(void)
{
    return htst_isa_in_use;
}

int
htst_isa_status(void)
{
    return status;
}

#else

int
htst_isa_best(void)
{
    return HTST_ISA_PLAIN;
}

int
htst_isa(void)
{
    return HTST_ISA_PLAIN;
}

int
htst_isa_status(void)
{
    const char *name = getenv("HTST_ISA");
    int is_right = name == NULL || *name == '\0' || htst_isa_of_name(name) == HTST_ISA_PLAIN;
    return is_right ? HTST_OK : HTST_ERR_BAD_ARG;
}

#endif

int
htst_isa_of_name(const char *name)
{
    static const char *const names[] = { "plain", "avx2", "avx512" };
    for (int kind = HTST_ISA_PLAIN; kind <= HTST_ISA_AVX512; kind++) {
        if (strcmp(name, names[kind]) == 0) {
            return kind;
        }
    }
    return HTST_ERR_BAD_ARG;
}
