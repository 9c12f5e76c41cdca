#include "htst_isa.h"

#include <stdlib.h>
#include <string.h>

#ifdef HTST_ISA_HAS_X86
#include <cpuid.h>

int htst_isa_in_use = HTST_ISA_PLAIN;
static int status = HTST_OK;

/* Ask the processor: clang before 16 does not know the feature's name in __builtin_cpu_supports. */
static int
has_f16c(void)
{
    unsigned int a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}

int
htst_isa_best(void)
{
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")
        || !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2")
        || !__builtin_cpu_supports("popcnt") || !has_f16c()) {
        return HTST_ISA_PLAIN;
    }
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
            && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq")
            && __builtin_cpu_supports("avx512vl")
        ? HTST_ISA_AVX512
        : HTST_ISA_AVX2;
}

/* The loader calls this function once, before anything else of the library runs. */
__attribute__((constructor)) static void
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
