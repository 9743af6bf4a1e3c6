/* Archives of torch.save and torch.jit.save (tests/golden/torch_archive/, made by make_torch_archive.py) against what PyTorch has in
 * them, and hostile, damaged and cut ones: a sentence each. */
#include "tests/broken_files.h"

#include "harness/io/tensor_file.h"
#include "tests/golden_arrays.h"

#define FOLDER "tests/golden/torch_archive/"

static TensorFile *open_good(const char *name)
{
    Error err;
    char *path = xformat(FOLDER "%s", name);
    TensorFile *file = tensor_file_open(path, &err);
    if (!file) fail_msg("%s", err.text);
    free(path);
    return file;
}

/* The same names, types, shapes and bytes. `half`: floats were rounded to halves. */
static void assert_same(const char *name, const char *expected_name, bool half)
{
    TensorFile *file = open_good(name), *expected = open_good(expected_name);
    Error err;
    assert_int_equal(tensor_file_count(file), tensor_file_count(expected));
    for (size_t i = 0; i < tensor_file_count(expected); i++) {
        const TensorView *want = tensor_file_at(expected, i), *have = tensor_file_find(file, want->name);
        if (!have) fail_msg("%s: %s is missing", name, want->name);
        assert_int_equal(have->rank, want->rank);
        for (int k = 0; k < want->rank; k++) assert_int_equal(have->dim[k], want->dim[k]);
        const void *data = tensor_data(have, &err);
        if (!data) fail_msg("%s", err.text);
        if (half && want->type == TENSOR_F32) {
            assert_int_equal(have->type, TENSOR_F16);
            for (size_t n = 0; n < want->count; n++)
                assert_int_equal(((const uint16_t *)data)[n], float_to_half(((const float *)want->data)[n]));
        } else {
            assert_int_equal(have->type, want->type);
            if (want->count) assert_memory_equal(data, want->data, want->count * tensor_type_size(want->type));
        }
        tensor_let_go(have);
    }
    tensor_file_close(file);
    tensor_file_close(expected);
}

static void state_dictionaries_hold_what_torch_put_there(void **state)
{
    (void)state;
    static const char *const names[] = {
        "plain.pt",     "nested.pt",    "under_model.pt", "lightning.ckpt", "protocol2.pt",
        "protocol3.pt", "protocol4.pt", "protocol5.pt",   "packed.pt",      "pytorch_model.bin.index.json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) assert_same(names[i], "plain.safetensors", false);
    assert_same("half.pt", "plain.safetensors", true);
}

static void a_torchscript_archive_is_its_modules_attributes(void **state)
{
    (void)state;
    TensorFile *script = open_good("script.pt"), *want = open_good("plain.safetensors");
    Error err;
    assert_string_equal(tensor_file_variant(script), "TorchScript");
    for (size_t i = 0; i < tensor_file_count(want); i++) {
        const TensorView *a = tensor_file_at(want, i), *b = tensor_file_find(script, a->name);
        if (!b) fail_msg("%s is missing", a->name);
        if (a->count) assert_memory_equal(tensor_data(b, &err), a->data, a->count * tensor_type_size(a->type));
    }
    tensor_file_close(script);
    tensor_file_close(want);
}

static void views_with_strides_come_in_the_order_of_rows(void **state)
{
    (void)state;
    assert_same("views.pt", "views.safetensors", false);
}

static void every_type_of_element_is_read(void **state)
{
    (void)state;
    assert_same("kinds.pt", "kinds.safetensors", false);
}

static void elements_can_be_read_again_after_they_were_let_go(void **state)
{
    (void)state;
    TensorFile *file = open_good("plain.pt");
    const TensorView *view = tensor_file_find(file, "visual.linear.weight");
    float first[12], again[12];
    Error err;
    assert_true(tensor_to_float(view, first, &err));
    tensor_let_go(view);
    assert_true(tensor_to_float(view, again, &err));
    assert_memory_equal(first, again, sizeof first);
    tensor_file_close(file);
}

static void nested_names_are_joined_by_dots(void **state)
{
    (void)state;
    TensorFile *file = open_good("embedding.pt");
    assert_int_equal(tensor_file_count(file), 1);
    assert_non_null(tensor_file_find(file, "string_to_param.*"));
    tensor_file_close(file);
}

/* Opening, and reading every element. */
static bool read_all(const char *path, Error *err)
{
    TensorFile *file = tensor_file_open(path, err);
    bool good = file != NULL;
    for (size_t i = 0; good && i < tensor_file_count(file); i++) {
        const TensorView *view = tensor_file_at(file, i);
        const unsigned char *data = tensor_data(view, err);
        volatile unsigned char last = data && view->count ? data[view->count * tensor_type_size(view->type) - 1] : 0;
        (void)last; /* the sanitizer watches */
        good = data != NULL;
        tensor_let_go(view);
    }
    tensor_file_close(file);
    return good;
}

static void hostile_archives_get_a_sentence_and_nothing_runs(void **state)
{
    (void)state;
    static const struct {
        const char *name, *what;
    } cases[] = {
        {"calls_system.pt", "system\", which no tensor needs"},
        {"calls_eval.pt", "__builtin__.eval\", which no tensor needs"},
        {"stack_global.pt", "system\", which no tensor needs"},
        {"getattr.pt", "__builtin__.getattr\", which no tensor needs"},
        {"lightning_call.pt", "which no tensor needs"},
        {"path_key.pt", "no storage of a tensor"},
        {"missing_entry.pt", "are missing (entry data/0)"},
        {"short_entry.pt", "has 12 bytes"},
        {"outside.pt", "leaves its storage"},
        {"stride.pt", "leaves its storage"},
        {"negative.pt", "cannot be read"},
        {"huge.pt", "cannot be read"},
        {"itself.pt", "nested without end"},
        {"laughs.pt", "nested without end"},
        {"many.pt", "more values than any checkpoint has"},
        {"empty.pt", "there is no tensor in it"},
        {"cut.pt", "ends too early"},
        {"memo.pt", "no such entry"},
        {"memo_far.pt", "absurd size"},
        {"no_mark.pt", "a mark that is not there"},
        {"under_mark.pt", "more from the stack than there is"},
        {"big_endian.pt", "big-endian"},
        {"in_a_zip.pt", "without data.pkl"},
        {"two.pt", "two models"},
        {"flipped.pt", "\"a/data/0\" is damaged"},
        {"old.pt", "before PyTorch 1.6"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Error err = {0};
        char *path = xformat(FOLDER "%s", cases[i].name);
        if (read_all(path, &err)) fail_msg("%s was read", path);
        assert_sentence(&err, path, cases[i].what);
        free(path);
    }
    assert_int_not_equal(access("/tmp/palbench-was-here", F_OK), 0);
    Error err;
    if (!read_all(FOLDER "good.pt", &err)) fail_msg("%s", err.text); /* the bad ones differ from it in one thing */
}

static char *scratch_copy(const char *data, size_t length)
{
    Error err;
    char *path = path_join(scratch_folder, "copy.pt");
    if (!write_file(path, data, length, &err)) fail_msg("%s", err.text);
    return path;
}

static void an_archive_cut_anywhere_gets_a_sentence(void **state)
{
    (void)state;
    char *data;
    size_t length;
    Error err;
    assert_true(read_file(FOLDER "nested.pt", 1 << 20, &data, &length, &err));
    for (size_t cut = 0; cut < length; cut += 97) {
        char *path = scratch_copy(data, cut);
        if (read_all(path, &err)) fail_msg("cut at %zu of %zu it was read", cut, length);
        assert_sentence(&err, path, "");
        free(path);
    }
    free(data);
}

static void a_changed_archive_is_read_or_gets_a_sentence(void **state)
{
    (void)state;
    static const char *const names[] = {"plain.pt", "script.pt", "good.pt", "packed.pt"};
    uint32_t random = 2463534242;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        char *data, *source = xformat(FOLDER "%s", names[k]);
        size_t length;
        Error err;
        assert_true(read_file(source, 1 << 20, &data, &length, &err));
        char *changed = xmalloc(length);
        for (int i = 0; i < 300; i++) {
            memcpy(changed, data, length);
            mutate(changed, length, &random);
            char *path = scratch_copy(changed, length);
            if (!read_all(path, &err)) assert_sentence(&err, path, "");
            free(path);
        }
        free(changed);
        free(data);
        free(source);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_dictionaries_hold_what_torch_put_there),
        cmocka_unit_test(a_torchscript_archive_is_its_modules_attributes),
        cmocka_unit_test(views_with_strides_come_in_the_order_of_rows),
        cmocka_unit_test(every_type_of_element_is_read),
        cmocka_unit_test(elements_can_be_read_again_after_they_were_let_go),
        cmocka_unit_test(nested_names_are_joined_by_dots),
        cmocka_unit_test(hostile_archives_get_a_sentence_and_nothing_runs),
        cmocka_unit_test(an_archive_cut_anywhere_gets_a_sentence),
        cmocka_unit_test(a_changed_archive_is_read_or_gets_a_sentence),
    };
    return cmocka_run_group_tests_name("io: archives of PyTorch", tests, scratch_make, scratch_remove);
}
