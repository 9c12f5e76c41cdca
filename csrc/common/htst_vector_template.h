/* htst_vector_template: a type of vectors. A file that includes htst_vector.h includes it once for
 * each, with FLOAT and WORD, the type of a lane and the unsigned integer of its size; LANES, their
 * number; VECTOR and WORDS, the names of the types. It undefines all but LANES. Words in memory
 * need the alignment of 16-bit numbers only. */

#if HTST_GNU_C

typedef FLOAT VECTOR HTST_VECTOR_SIZE(sizeof(FLOAT) * LANES);
typedef FLOAT HTST_JOIN(VECTOR, _in_memory)
    HTST_VECTOR_IN_MEMORY(sizeof(FLOAT) * LANES, sizeof(FLOAT));
typedef WORD WORDS HTST_VECTOR_SIZE(sizeof(WORD) * LANES);
typedef WORD HTST_JOIN(WORDS, _in_memory) HTST_VECTOR_IN_MEMORY(sizeof(WORD) * LANES, 2);

#else

typedef struct {
    FLOAT lane[LANES];
} VECTOR;

typedef struct {
    WORD lane[LANES];
} WORDS;

#define EACH_LANE(value)              \
    for (int k = 0; k < LANES; k++) { \
        result.lane[k] = (value);     \
    }                                 \
    return result

static inline VECTOR
HTST_JOIN(VECTOR, _load)(const void *from)
{
    VECTOR result;
    memcpy(&result, from, sizeof result);
    return result;
}

static inline void
HTST_JOIN(VECTOR, _store)(void *to, VECTOR a)
{
    memcpy(to, &a, sizeof a);
}

static inline VECTOR
HTST_JOIN(VECTOR, _add)(VECTOR a, VECTOR b)
{
    VECTOR result;
    EACH_LANE(a.lane[k] + b.lane[k]);
}

static inline VECTOR
HTST_JOIN(VECTOR, _subtract)(VECTOR a, VECTOR b)
{
    VECTOR result;
    EACH_LANE(a.lane[k] - b.lane[k]);
}

static inline VECTOR
HTST_JOIN(VECTOR, _multiply)(VECTOR a, VECTOR b)
{
    VECTOR result;
    EACH_LANE(a.lane[k] * b.lane[k]);
}

static inline VECTOR
HTST_JOIN(VECTOR, _round)(VECTOR a, FLOAT x)
{
    VECTOR result;
    EACH_LANE((a.lane[k] + x) - x);
}

static inline VECTOR
HTST_JOIN(VECTOR, _of)(WORDS words)
{
    VECTOR result;
    memcpy(&result, &words, sizeof result);
    return result;
}

static inline WORDS
HTST_JOIN(WORDS, _load)(const void *from)
{
    WORDS result;
    memcpy(&result, from, sizeof result);
    return result;
}

static inline WORDS
HTST_JOIN(WORDS, _and)(WORDS a, WORD mask)
{
    WORDS result;
    EACH_LANE(a.lane[k] & mask);
}

static inline WORDS
HTST_JOIN(WORDS, _shift)(WORDS a, int bits)
{
    WORDS result;
    EACH_LANE(a.lane[k] << bits);
}

static inline WORDS
HTST_JOIN(WORDS, _from)(WORDS a, WORD mask, WORD least)
{
    WORDS result;
    EACH_LANE((a.lane[k] & mask) >= least ? a.lane[k] : 0);
}

static inline WORDS
HTST_JOIN(WORDS, _below)(WORDS a, WORD mask, WORD least, WORDS seen)
{
    WORDS result;
    EACH_LANE(seen.lane[k] | ((a.lane[k] & mask) - least));
}

#undef EACH_LANE

#endif

#undef FLOAT
#undef WORD
#undef VECTOR
#undef WORDS
