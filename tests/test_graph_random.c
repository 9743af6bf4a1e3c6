/* The random streams are PyTorch's (tests/golden/make_graph_random.py). */
#include "harness/graph/random.h"
#include "tests/golden_arrays.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *const golden_path = "tests/golden/graph_random.safetensors";
static const size_t lengths[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12,   13, 14,     15,
                                 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,   28, 29,     30,
                                 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 3,  1000, 5,  100003, 7};
static const size_t lengths_count = sizeof lengths / sizeof lengths[0];

/* Is the i-th of n values stored? See thin() of the script. */
static bool is_stored(size_t i, size_t n)
{
    return n <= 300 || i < 64 || i >= n - 64 || (i - 64) % 97 == 0;
}

static void check_stream(const char *name, void (*draw)(Random *, float *, size_t), float tolerance)
{
    TensorFile *st = golden_open(golden_path);
    float *expected = golden_floats(st, name), *values = xmalloc(100003 * sizeof(float));
    const float *next = expected;
    Random r;
    random_seed(&r, 1);
    for (size_t k = 0; k < lengths_count; k++) {
        draw(&r, values, lengths[k]);
        for (size_t i = 0; i < lengths[k]; i++)
            if (is_stored(i, lengths[k])) assert_true(fabsf(values[i] - *next++) <= tolerance);
    }
    assert_int_equal(next - expected, golden_view(st, name)->count);
    free(values);
    free(expected);
    tensor_file_close(st);
}

static void uniform_stream_is_torch_rand_exactly(void **state)
{
    (void)state;
    check_stream("rand", random_uniform, 0);
}

static void normal_stream_is_torch_randn(void **state)
{
    (void)state;
    check_stream("randn", random_normal, 1e-6f);
}

static void permutations_are_torch_randperm_exactly(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 3, 17, 1000, 70000};
    TensorFile *st = golden_open(golden_path);
    int64_t *expected = golden_integers(st, "randperm"), *order = xmalloc(70000 * sizeof *order);
    const int64_t *next = expected;
    Random r;
    random_seed(&r, 1);
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        random_permutation(&r, order, sizes[k]);
        for (size_t i = 0; i < sizes[k]; i++)
            if (is_stored(i, sizes[k])) assert_int_equal(order[i], *next++);
    }
    free(order);
    free(expected);
    tensor_file_close(st);
}

static void mixed_calls_keep_the_second_normal_of_a_pair(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 3, 16, 5, 33, 1, 2, 15, 17, 7};
    TensorFile *st = golden_open(golden_path);
    float *mixed = golden_floats(st, "mixed"), values[33];
    int64_t *orders = golden_integers(st, "orders"), order[33];
    const float *next = mixed;
    const int64_t *next_integer = orders;
    Random r;
    random_seed(&r, 5); /* torch was seeded with 2^32 + 5 */
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        const size_t n = sizes[k];
        random_normal(&r, values, n);
        for (size_t i = 0; i < n; i++) assert_true(fabsf(values[i] - *next++) <= 1e-6f);
        random_uniform(&r, values, n);
        for (size_t i = 0; i < n; i++) assert_true(values[i] == *next++);
        random_permutation(&r, order, n);
        for (size_t i = 0; i < n; i++) assert_int_equal(order[i], *next_integer++);
        for (int i = 0; i < 3; i++) assert_int_equal(random_below(&r, n), *next_integer++);
        for (int i = 0; i < 2; i++) assert_int_equal(random_below(&r, (1u << 28) - 1 + n), *next_integer++);
    }
    free(mixed);
    free(orders);
    tensor_file_close(st);
}

static void doubles_are_torch_doubles(void **state)
{
    (void)state;
    TensorFile *st = golden_open(golden_path);
    float *expected = golden_floats(st, "doubles");
    Random r;
    random_seed(&r, 9);
    for (int i = 0; i < 8; i++) assert_true((float)random_double(&r) == expected[i]);
    free(expected);
    tensor_file_close(st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uniform_stream_is_torch_rand_exactly),
        cmocka_unit_test(normal_stream_is_torch_randn),
        cmocka_unit_test(permutations_are_torch_randperm_exactly),
        cmocka_unit_test(mixed_calls_keep_the_second_normal_of_a_pair),
        cmocka_unit_test(doubles_are_torch_doubles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
