/* Safetensors and half floats against files of the reference library and numpy's rounding, written files back, and
 * headers, indices and lengths that lie. */
#include "tests/broken_files.h"

#include "harness/io/safetensors.h"
#include "harness/io/tensor_file.h"
#include "tests/golden_arrays.h"

#include <math.h>
#include <signal.h>
#include <sys/resource.h>

static const char golden_file[] = "tests/golden/io_safetensors.safetensors";

/* By the definition of the formats, in doubles. */
static double half_by_definition(unsigned bits)
{
    const double sign = bits & 0x8000 ? -1 : 1, fraction = bits & 0x3ff;
    const int exponent = bits >> 10 & 31;
    if (exponent == 31) return fraction > 0 ? NAN : sign * INFINITY;
    return sign * (exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24));
}

static bool same(double a, double b)
{
    return isnan(a) ? isnan(b) : a == b && signbit(a) == signbit(b);
}

static void every_half_reads_as_defined_and_writes_back(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 65536; bits++) {
        const float value = half_to_float((uint16_t)bits);
        if (!same(value, half_by_definition(bits))) fail_msg("half %04x reads as %g", bits, (double)value);
        if (!isnan(value))
            assert_int_equal(float_to_half(value), bits);
        else
            assert_true(isnan(half_to_float(float_to_half(value))));
        const float wide = bfloat_to_float((uint16_t)bits);
        if (!isnan(wide))
            assert_int_equal(float_to_bfloat(wide), bits);
        else
            assert_true(isnan(bfloat_to_float(float_to_bfloat(wide))));
    }
}

static void floats_round_to_halves_as_numpy_and_torch_round(void **state)
{
    (void)state;
    TensorFile *st = golden_open(golden_file);
    float *values = golden_floats(st, "values");
    const TensorView *half = golden_view(st, "half"), *bfloat = golden_view(st, "bfloat");
    assert_true(half->type == TENSOR_F16 && bfloat->type == TENSOR_BF16 && half->count > 4000);
    for (size_t i = 0; i < half->count; i++) {
        uint16_t h, b;
        memcpy(&h, (const char *)half->data + 2 * i, 2);
        memcpy(&b, (const char *)bfloat->data + 2 * i, 2);
        if (isnan(values[i])) continue;
        if (float_to_half(values[i]) != h) fail_msg("%.9g", (double)values[i]);
        if (float_to_bfloat(values[i]) != b) fail_msg("%.9g", (double)values[i]);
    }
    free(values);
    tensor_file_close(st);
}

static void a_file_of_the_reference_reads(void **state)
{
    (void)state;
    TensorFile *st = golden_open(golden_file);
    assert_int_equal(tensor_file_count(st), 10);
    assert_string_equal(tensor_file_metadata(st, "note"), "quoted \"text\" \xc3\xa9");
    assert_null(tensor_file_metadata(st, "absent"));
    assert_null(tensor_file_find(st, "absent"));
    assert_null(tensor_file_at(st, 10));
    const TensorView *scalar = golden_view(st, "scalar"), *empty = golden_view(st, "empty");
    float value = 0;
    assert_true(scalar->rank == 0 && scalar->count == 1 && tensor_to_float(scalar, &value, &(Error){0}) &&
                value == 2.5f);
    assert_true(empty->rank == 3 && empty->dim[1] == 0 && empty->count == 0 &&
                tensor_to_float(empty, NULL, &(Error){0}));
    assert_false(tensor_to_float(golden_view(st, "integers"), &value, &(Error){0}));
    assert_int_equal(golden_view(st, "bytes")->type, TENSOR_U8);
    assert_int_equal(golden_view(st, "flags")->type, TENSOR_BOOL);
    assert_int_equal(golden_view(st, "small")->type, TENSOR_I32);
    float *values = golden_floats(st, "values"), *doubles = golden_floats(st, "double");
    for (size_t i = 0; i < golden_view(st, "values")->count; i++) assert_true(same(values[i], doubles[i]));
    free(values);
    free(doubles);
    tensor_file_close(st);
}

static void shards_look_like_one_file(void **state)
{
    (void)state;
    TensorFile *st = golden_open("tests/golden/io_shard.safetensors.index.json");
    assert_int_equal(tensor_file_count(st), 3);
    float *b = golden_floats(st, "b");
    assert_true(b[5] == 5 && golden_view(st, "b")->dim[1] == 3);
    assert_non_null(strstr(golden_view(st, "c")->file, "io_shard-2"));
    free(b);
    tensor_file_close(st);
}

static void what_is_written_reads_back_in_every_type(void **state)
{
    (void)state;
    const float a[6] = {0, -1.5f, 3e-8f, 70000, 0.1f, NAN}, b[1] = {7};
    const TensorOut out[] = {{"z \"quoted\"", 2, {2, 3}, a}, {"a", 0, {0}, b}, {"none", 2, {0, 4}, a}};
    static const char *const metadata[] = {"format", "pt", "config", "{\"a\": [1]}\n", NULL};
    static const TensorType types[] = {TENSOR_F32, TENSOR_F16, TENSOR_BF16};
    Error err;
    for (size_t t = 0; t < 3; t++) {
        const char *path = scratch("out.safetensors");
        assert_true(safetensors_write(path, out, 3, types[t], metadata, &err));
        TensorFile *st = golden_open(path);
        assert_string_equal(tensor_file_metadata(st, "config"), metadata[3]);
        assert_true(golden_view(st, "a")->rank == 0 && golden_view(st, "none")->count == 0);
        float *back = golden_floats(st, "z \"quoted\"");
        for (size_t i = 0; i < 6; i++) {
            const float expected = types[t] == TENSOR_F32   ? a[i]
                                   : types[t] == TENSOR_F16 ? half_to_float(float_to_half(a[i]))
                                                            : bfloat_to_float(float_to_bfloat(a[i]));
            assert_true(same(back[i], expected));
        }
        free(back);
        tensor_file_close(st);
    }
    assert_false(safetensors_write(scratch("out.safetensors"), out, 3, TENSOR_I64, NULL, &err));
    assert_sentence(&err, "out.safetensors", "I64");
}

/* Writes a file of this header and `data` bytes of zeros; a negative `claimed` is the true header length. */
static const char *crafted(const char *header, size_t data, int64_t claimed)
{
    const char *path = scratch("crafted.safetensors");
    Text text = {0};
    const uint64_t length = claimed < 0 ? strlen(header) : (uint64_t)claimed;
    text_add_bytes(&text, (const char *)&length, 8);
    text_add(&text, header);
    for (size_t i = 0; i < data; i++) text_add_bytes(&text, "", 1);
    put_file(path, text.data, text.length);
    text_free(&text);
    return path;
}

static void assert_refused(const char *header, size_t data, int64_t claimed, const char *what)
{
    Error err = {0};
    TensorFile *st = tensor_file_open(crafted(header, data, claimed), &err);
    if (st) fail_msg("accepted: %s", header);
    assert_sentence(&err, "crafted.safetensors", what);
    assert_int_equal(err.exit_status, 1);
}

#define T(dtype, shape, offsets) "{\"t\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static void absurd_headers_are_refused(void **state)
{
    (void)state;
    assert_refused("{}", 0, INT64_MAX, "its header claims 9223372036854775807 bytes");
    assert_refused("{}", 0, INT64_MIN + 1 < 0 ? 100000 : 0, "its header claims");
    assert_refused("{}", 0, 1, "not valid JSON");
    assert_refused("[]", 0, -1, "not a JSON object");
    assert_refused(T("F32", "[2]", "[0,8]"), 8, -1, "not valid JSON");
    assert_refused(T("F32", "[2]", "[0,8]") "}", 7, -1, "truncated");
    assert_refused(T("F32", "[2]", "[0,8]") "}", 9, -1, "1 bytes follow");
    assert_refused(T("F32", "[2]", "[4,12]") "}", 12, -1, "unused bytes");
    assert_refused(T("F32", "[2]", "[8,0]") "}", 8, -1, "ends before it begins");
    assert_refused(T("F32", "[2]", "[-8,0]") "}", 8, -1, "ends before it begins");
    assert_refused(T("F32", "[2]", "[0,9007199254740991]") "}", 8, -1, "truncated");
    assert_refused(T("F32", "[2]", "[0,9007199254740992]") "}", 8, -1, "2^53"); /* its neighbours read alike */
    assert_refused(T("F32", "[2]", "[0,18446744073709551615]") "}", 8, -1, "2^53");
    assert_refused(T("F32", "[3]", "[0,8]") "}", 8, -1, "different number of bytes");
    assert_refused(T("F32", "[4294967296,4294967296]", "[0,0]") "}", 0, -1, "more elements");
    assert_refused(T("F32", "[4611686018427387904]", "[0,0]") "}", 0, -1, "2^53");
    assert_refused(T("F64", "[4503599627370496,1024]", "[0,0]") "}", 0, -1, "different number of bytes");
    assert_refused(T("F32", "[-1]", "[0,0]") "}", 0, -1, "negative");
    assert_refused(T("F32", "[1.5]", "[0,8]") "}", 8, -1, "whole number");
    assert_refused(T("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]") "}", 4, -1, "9 axes");
    assert_refused(T("F32", "8", "[0,8]") "}", 8, -1, "an array");
    assert_refused(T("F32", "[2]", "[0]") "}", 8, -1, "begin and end");
    assert_refused(T("Q4", "[2]", "[0,8]") "}", 8, -1, "unknown type \"Q4\"");
    assert_refused(T("F32", "[2]", "[0,8],\"x\":1") "}", 8, -1, "unknown key");
    assert_refused("{\"t\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, -1, "t.data_offsets: is missing");
    assert_refused(T("F32", "[2]", "[0,8]") ",\"u\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12, -1,
                   "overlaps");
    assert_refused(T("F32", "[1]", "[0,4]") ",\"t\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, -1,
                   "stands twice");
    assert_refused("{\"__metadata__\":3}", 0, -1, "__metadata__");
}

static void short_files_are_refused_at_every_length(void **state)
{
    (void)state;
    size_t length;
    char *bytes = get_file("tests/golden/io_shard-2.safetensors", &length);
    for (size_t n = 0; n < length; n++) {
        Error err = {0};
        put_file(scratch("cut.safetensors"), bytes, n);
        assert_null(tensor_file_open(scratch("cut.safetensors"), &err));
        assert_sentence(&err, "cut.safetensors", "");
    }
    free(bytes);
    Error err = {0};
    assert_null(tensor_file_open(scratch("none"), &err));
    assert_sentence(&err, "/none", "cannot open");
    assert_null(tensor_file_open(scratch_folder, &err));
    assert_sentence(&err, scratch_folder, "not a file");
}

static void assert_index_refused(const char *json, const char *what)
{
    Error err = {0};
    put_file(scratch("x.index.json"), json, strlen(json));
    assert_null(tensor_file_open(scratch("x.index.json"), &err));
    assert_sentence(&err, scratch_folder, what);
}

static void indices_that_lead_astray_are_refused(void **state)
{
    (void)state;
    assert_index_refused("{\"weight_map\": {\"a\": \"../io_shard-1.safetensors\"}}", "plain name");
    assert_index_refused("{\"weight_map\": {\"a\": \"\"}}", "plain name");
    assert_index_refused("{\"weight_map\": {\"a\": 3}}", "a string is needed");
    assert_index_refused("{\"weight_map\": {\"a\": \"missing.safetensors\"}}", "cannot open");
    assert_index_refused("{\"metadata\": {}}", "weight_map: is missing");
    assert_index_refused("{\"weight_map\"", "not valid JSON");
    const float one = 1;
    Error err;
    assert_true(
        safetensors_write(scratch("s.safetensors"), &(TensorOut){"a", 1, {1}, &one}, 1, TENSOR_F32, NULL, &err));
    assert_index_refused("{\"weight_map\": {\"a\": \"s.safetensors\", \"b\": \"s.safetensors\"}}", "has no tensor b");
}

static void mutated_headers_never_lead_outside_the_file(void **state)
{
    (void)state;
    size_t length;
    char *good = get_file("tests/golden/io_shard-2.safetensors", &length), *bytes = xmalloc(length);
    uint32_t seed = 20;
    for (int round = 0; round < 3000; round++) {
        Error err = {0};
        memcpy(bytes, good, length);
        mutate(bytes, length, &seed);
        put_file(scratch("mutant.safetensors"), bytes, length);
        TensorFile *st = tensor_file_open(scratch("mutant.safetensors"), &err);
        if (!st) assert_sentence(&err, "mutant.safetensors", "");
        for (size_t i = 0; st && i < tensor_file_count(st); i++) {
            const TensorView *view = tensor_file_at(st, i);
            float *values = xmalloc((view->count + 1) * sizeof *values);
            tensor_to_float(view, values, &(Error){0}); /* the sanitizer watches */
            free(values);
        }
        tensor_file_close(st);
    }
    free(good);
    free(bytes);
}

static void a_full_disk_leaves_nothing_behind(void **state)
{
    (void)state;
    Error err = {0};
    float *values = xcalloc(10000, sizeof *values);
    const TensorOut out = {"t", 1, {10000}, values};
    const size_t before = files_in(scratch_folder);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit, small;
    getrlimit(RLIMIT_FSIZE, &limit);
    small = limit;
    for (rlim_t bytes = 0; bytes < 40000; bytes += 7777) {
        small.rlim_cur = bytes;
        setrlimit(RLIMIT_FSIZE, &small);
        const bool written = safetensors_write(scratch("full.safetensors"), &out, 1, TENSOR_F32, NULL, &err);
        setrlimit(RLIMIT_FSIZE, &limit);
        assert_false(written);
        assert_sentence(&err, "full.safetensors", "File too large");
        assert_int_equal(files_in(scratch_folder), before);
    }
    free(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_reads_as_defined_and_writes_back),
        cmocka_unit_test(floats_round_to_halves_as_numpy_and_torch_round),
        cmocka_unit_test(a_file_of_the_reference_reads),
        cmocka_unit_test(shards_look_like_one_file),
        cmocka_unit_test(what_is_written_reads_back_in_every_type),
        cmocka_unit_test(absurd_headers_are_refused),
        cmocka_unit_test(short_files_are_refused_at_every_length),
        cmocka_unit_test(indices_that_lead_astray_are_refused),
        cmocka_unit_test(mutated_headers_never_lead_outside_the_file),
        cmocka_unit_test(a_full_disk_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
