/* IEEE 754 binary16 ("half") and bfloat16 to float32 and back. No branch depends on data, so that compilers vectorise the
 * loops over whole tensors. */
#include "harness/base/half.h"

#include <string.h>

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Half: sign, 5 bits of exponent with bias 15, 10 of fraction. Normal values move to the float's bias 127; infinity and NaN
 * get its largest exponent; a subnormal is fraction * 2^-24, made by subtracting the hidden one of 2^-14 * (1 + fraction). */
float half_to_float(uint16_t half)
{
    const uint32_t magnitude = (uint32_t)(half & 0x7fff) << 13, sign = (uint32_t)(half & 0x8000) << 16;
    const uint32_t normal = magnitude + ((127U - 15U) << 23);
    const uint32_t special = magnitude | 0x7f800000U;
    const uint32_t subnormal = bits_of(float_of(magnitude + (113U << 23)) - float_of(113U << 23));
    const uint32_t exponent = half & 0x7c00;
    return float_of(sign | (exponent == 0x7c00 ? special : exponent ? normal : subnormal));
}

uint16_t float_to_half(float value)
{
    const uint32_t bits = bits_of(value), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffffU;
    if (magnitude > 0x7f800000U) return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x3ff)); /* NaN stays NaN */
    if (magnitude >= 0x477ff000U) return (uint16_t)(sign | 0x7c00); /* 65520 and more round to infinity */
    if (magnitude < 0x38800000U) {
        /* Below 2^-14. One unit of the last place of 0.5 is 2^-24, so the addition rounds as the half must. */
        const uint32_t half = bits_of(0.5f);
        return (uint16_t)(sign | (bits_of(float_of(magnitude) + 0.5f) - half));
    }
    /* Half of the last place minus one, plus the last bit itself: ties go to even. A carry moves into the exponent. */
    const uint32_t rebiased = magnitude - ((127U - 15U) << 23);
    return (uint16_t)(sign | (rebiased + 0xfff + (rebiased >> 13 & 1)) >> 13);
}

float bfloat_to_float(uint16_t bfloat)
{
    return float_of((uint32_t)bfloat << 16);
}

uint16_t float_to_bfloat(float value)
{
    const uint32_t bits = bits_of(value);
    if ((bits & 0x7fffffffU) > 0x7f800000U) return (uint16_t)(bits >> 16 | 0x40); /* NaN stays NaN */
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

bool halves_hold(const float *values, size_t n)
{
    bool whole = true;
#pragma omp parallel for schedule(static) reduction(&& : whole)
    for (size_t i = 0; i < n; i++)
        whole = whole && bits_of(half_to_float(float_to_half(values[i]))) == bits_of(values[i]);
    return whole;
}
