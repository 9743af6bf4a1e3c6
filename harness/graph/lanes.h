/* One vector register of floats, as wide as the machine that is compiled for has it; the only place that knows. Written with
 * the vector types of gcc and clang: +, - and * work on them, a scalar operand is spread over all lanes. */
#pragma once

#include "harness/base/half.h"

#include <stddef.h>
#include <string.h>

#if defined(__AVX512F__)
#include <immintrin.h>
enum { LANES = 16, VECTOR_REGISTERS = 32 };
#elif defined(__AVX__)
#include <immintrin.h>
enum { LANES = 8, VECTOR_REGISTERS = 16 };
#else
enum { LANES = 4, VECTOR_REGISTERS = 16 };
#endif

/* In front of a loop of constant length whose array must live in registers. */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

typedef float Lanes __attribute__((vector_size(LANES * sizeof(float))));
typedef float LanesInMemory __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));

static inline Lanes lanes_load(const float *p)
{
    return *(const LanesInMemory *)p;
}

static inline void lanes_store(float *p, Lanes v)
{
    *(LanesInMemory *)p = v;
}

/* The first `count` < LANES values; zeros behind them. */
static inline Lanes lanes_load_some(const float *p, size_t count)
{
    Lanes v = {0};
    memcpy(&v, p, count * sizeof(float));
    return v;
}

static inline void lanes_store_some(float *p, Lanes v, size_t count)
{
    memcpy(p, &v, count * sizeof(float));
}

/* The same value in every lane. (Subtracting +0 changes no value, -0 included, so compilers drop it; adding would.) */
static inline Lanes lanes_spread(float value)
{
    return value - (Lanes){0};
}

/* Numbers that are kept as float16: whether the machine reads a register of them in one instruction, and that instruction. */
#if defined(__AVX512F__) || (defined(__AVX__) && defined(__F16C__))
enum { HALVES_ARE_QUICK = 1 };
static inline Lanes lanes_load_halves(const uint16_t *p)
{
#ifdef __AVX512F__
    return (Lanes)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)p));
#else
    return (Lanes)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)p));
#endif
}
#else
enum { HALVES_ARE_QUICK = 0 };
static inline Lanes lanes_load_halves(const uint16_t *p)
{
    Lanes v;
    for (size_t i = 0; i < LANES; i++) v[i] = half_to_float(p[i]);
    return v;
}
#endif

/* a b + c in one instruction where the machine has it. The compilers' own contraction differs between them. */
static inline Lanes lanes_multiply_add(Lanes a, Lanes b, Lanes c)
{
#if defined(__AVX512F__)
    return (Lanes)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__FMA__)
    return (Lanes)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
    return a * b + c;
#endif
}
