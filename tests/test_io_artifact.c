/* Artifacts: what is written reads back, what others wrote is converted or refused, and files that were cut, changed
 * by a bit or mutated, and disks that fill at any byte, end in one sentence and leave nothing behind, neither files
 * nor handles. */
#include "tests/broken_files.h"

#include "harness/base/version.h"
#include "harness/io/artifact.h"

#include <fcntl.h>
#include <hdf5.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static const char golden_file[] = "tests/golden/io_artifact.h5";

/* The HDF5 library leaks some of its own memory when it gives a damaged file up. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libhdf5\n";
}

static void assert_no_handles(void)
{
    assert_int_equal(H5Fget_obj_count(H5F_OBJ_ALL, H5F_OBJ_ALL), 0);
}

static ArtifactReader *opened(const char *path)
{
    Error err;
    ArtifactReader *r = artifact_open(path, &err);
    if (!r) fail_msg("%s", err.text);
    return r;
}

/* One of each kind; `rows` long. */
static bool write_sample(const char *path, size_t rows, Error *err)
{
    ArtifactWriter *w = artifact_create(path, "{\"seed\":1}", err);
    if (!w) return false;
    float *f = xcalloc(rows * 7 + 1, sizeof *f);
    int8_t *labels = xcalloc(rows * 3 + 1, 1);
    const char **texts = xcalloc(rows + 1, sizeof *texts);
    uint64_t *seeds = xcalloc(rows + 1, sizeof *seeds);
    for (size_t i = 0; i < rows * 7; i++) f[i] = (float)i * 0.25f - 3;
    for (size_t i = 0; i < rows * 3; i++) labels[i] = (int8_t)((int)(i % 3) - 1);
    for (size_t i = 0; i < rows; i++) texts[i] = i % 2 ? "caf\xc3\xa9" : "", seeds[i] = UINT64_MAX - i;
    artifact_write_floats(w, "f", 2, (size_t[]){rows, 7}, f);
    artifact_write_int8(w, "labels", 2, (size_t[]){rows, 3}, labels);
    artifact_write_bytes(w, "images", 2, (size_t[]){rows, 3}, (const uint8_t *)labels);
    artifact_write_texts(w, "texts", rows, texts);
    artifact_write_uint64(w, "seeds", 1, &rows, seeds);
    artifact_attribute_text(w, "dataset", "mini");
    artifact_attribute_number(w, "map", 61.25);
    artifact_attribute_integer(w, "seed", -5);
    free(f), free(labels), free(texts), free(seeds);
    return artifact_commit(w, err);
}

static void write_good(const char *path, size_t rows)
{
    Error err;
    if (!write_sample(path, rows, &err)) fail_msg("%s", err.text);
}

static void assert_sample(const char *path, size_t rows)
{
    ArtifactReader *r = opened(path);
    Error err;
    size_t dim[2] = {0, 7}, three[2] = {rows, 3}, one[1] = {0};
    float *f;
    int8_t *labels;
    uint64_t *seeds;
    TextList texts;
    if (!artifact_read_floats(r, "f", 2, dim, &f, &err)) fail_msg("%s", err.text);
    assert_int_equal(dim[0], rows);
    for (size_t i = 0; i < rows * 7; i++) assert_true(f[i] == (float)i * 0.25f - 3);
    assert_true(artifact_read_int8(r, "labels", 2, three, &labels, &err));
    for (size_t i = 0; i < rows * 3; i++) assert_int_equal(labels[i], (int)(i % 3) - 1);
    assert_true(artifact_read_uint64(r, "seeds", 1, one, &seeds, &err));
    for (size_t i = 0; i < rows; i++) assert_true(seeds[i] == UINT64_MAX - i);
    assert_true(artifact_read_texts(r, "texts", &texts, &err));
    assert_int_equal(texts.count, rows);
    for (size_t i = 0; i < rows; i++) assert_string_equal(texts.items[i], i % 2 ? "caf\xc3\xa9" : "");
    text_list_free(&texts);
    free(f), free(labels), free(seeds);
    artifact_close(r);
    assert_no_handles();
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    Error err;
    write_good(scratch("a.h5"), 9);
    assert_sample(scratch("a.h5"), 9);
    ArtifactReader *r = opened(scratch("a.h5"));
    static const char *const attributes[][2] = {
        {"palbench_version", PALBENCH_VERSION}, {"config", "{\"seed\":1}"}, {"dataset", "mini"}};
    for (size_t i = 0; i < 3; i++) {
        char *text;
        assert_true(artifact_attribute_get_text(r, attributes[i][0], &text, &err));
        assert_string_equal(text, attributes[i][1]);
        free(text);
    }
    double number;
    int64_t integer;
    assert_true(artifact_has_attribute(r, "created_by"));
    assert_true(artifact_attribute_get_number(r, "map", &number, &err) && number == 61.25);
    assert_true(artifact_attribute_get_integer(r, "seed", &integer, &err) && integer == -5);
    assert_true(artifact_attribute_get_number(r, "seed", &number, &err) && number == -5);
    assert_false(artifact_attribute_get_text(r, "seed", &(char *){NULL}, &err));
    assert_sentence(&err, "a.h5: attribute seed", "a text is needed");
    assert_false(artifact_attribute_get_number(r, "none", &number, &err));
    assert_sentence(&err, "a.h5", "no attribute \"none\"");
    TextList names = {0};
    artifact_names(r, &names);
    assert_int_equal(names.count, 5);
    assert_string_equal(names.items[0], "f");
    assert_string_equal(names.items[4], "texts");
    text_list_free(&names);
    artifact_close(r);
}

static void empty_arrays_work(void **state)
{
    (void)state;
    write_good(scratch("zero.h5"), 0);
    assert_sample(scratch("zero.h5"), 0);
}

static void large_and_scalar_arrays_work(void **state)
{
    (void)state;
    Error err;
    const size_t dim[3] = {3, 700, 500};
    float *f = xcalloc(3 * 700 * 500, sizeof *f), *back, one = 4, *single;
    for (size_t i = 0; i < 3 * 700 * 500; i++) f[i] = (float)i;
    ArtifactWriter *w = artifact_create(scratch("large.h5"), NULL, &err);
    artifact_write_floats(w, "f", 3, dim, f);
    artifact_write_floats(w, "scalar", 0, NULL, &one);
    memset(f, 0, 700 * 500 * sizeof *f);
    artifact_write_floats(w, "constant", 2, (size_t[]){700, 500}, f);
    assert_true(artifact_commit(w, &err));
    size_t length;
    free(get_file(scratch("large.h5"), &length));
    assert_in_range(length, 4200000, 4260000); /* no padding of chunks; the constant array packs to nothing */
    ArtifactReader *r = opened(scratch("large.h5"));
    size_t any[3] = {0, 0, 0};
    assert_true(artifact_read_floats(r, "f", 3, any, &back, &err));
    assert_memory_equal(any, dim, sizeof dim);
    for (size_t i = 700 * 500; i < 3 * 700 * 500; i++) assert_true(back[i] == (float)i);
    assert_true(artifact_read_floats(r, "scalar", 0, NULL, &single, &err) && *single == 4);
    free(single), free(back), free(f);
    artifact_close(r);
}

static void assert_same_bytes(const char *a, const char *b)
{
    size_t one, two;
    char *first = get_file(a, &one), *second = get_file(b, &two);
    assert_int_equal(one, two);
    assert_memory_equal(first, second, one);
    free(first), free(second);
}

static void equal_content_gives_equal_files(void **state)
{
    (void)state;
    write_good(scratch("one.h5"), 5);
    write_good(scratch("two.h5"), 5);
    assert_same_bytes(scratch("one.h5"), scratch("two.h5"));
}

/* The same bytes as of a data set that is written at once; cut into chunks by rows, and within a row. */
static void rows_one_after_the_other_give_the_same_file(void **state)
{
    (void)state;
    static const size_t shapes[][3] = {{3000, 3, 211}, {3, 700, 800}, {5, 1, 1}, {0, 2, 2}};
    for (size_t k = 0; k < 8; k++) {
        Error err;
        const size_t *dim = shapes[k / 2], row = dim[1] * dim[2];
        const bool half = k % 2;
        float *values = xmalloc((dim[0] * row + 1) * sizeof *values);
        for (size_t i = 0; i < dim[0] * row; i++) values[i] = sinf((float)i);
        ArtifactWriter *w = artifact_create(scratch("whole.h5"), "{}", &err);
        (half ? artifact_write_halves : artifact_write_floats)(w, "x", 3, dim, values);
        if (!artifact_commit(w, &err)) fail_msg("%s", err.text);
        w = artifact_create(scratch("rows.h5"), "{}", &err);
        ArtifactRows *rows = artifact_rows_begin(w, "x", 3, dim, half);
        for (size_t first = 0, n = 1; first < dim[0]; first += n, n = 2 * n < dim[0] - first ? 2 * n : dim[0] - first)
            artifact_rows_add(rows, values + first * row, n);
        artifact_rows_end(rows);
        if (!artifact_commit(w, &err)) fail_msg("%s", err.text);
        assert_same_bytes(scratch("whole.h5"), scratch("rows.h5"));
        free(values);
    }
}

static void rows_that_do_not_come_leave_nothing(void **state)
{
    (void)state;
    Error err;
    ArtifactWriter *w = artifact_create(scratch("few.h5"), "{}", &err);
    ArtifactRows *rows = artifact_rows_begin(w, "x", 2, (size_t[]){3, 2}, false);
    artifact_rows_add(rows, (const float[]){1, 2, 3, 4}, 2);
    artifact_rows_end(rows);
    assert_false(artifact_commit(w, &err));
    assert_sentence(&err, "few.h5", "2 of its 3 rows");
    assert_false(path_exists(scratch("few.h5")));
    assert_no_handles();
}

static void files_of_others_are_converted(void **state)
{
    (void)state;
    Error err;
    ArtifactReader *r = opened(golden_file);
    size_t table[2] = {3, 4}, n[1] = {0};
    float *f;
    int32_t *i32;
    uint8_t *bytes;
    int8_t *i8;
    TextList texts;
    assert_true(artifact_read_floats(r, "plain", 2, table, &f, &err) && f[11] == (float)(11.0 / 3));
    free(f);
    assert_true(artifact_read_int32(r, "big_endian", 1, n, &i32, &err) && n[0] == 6 && i32[0] == -3);
    free(i32), n[0] = 0;
    assert_true(artifact_read_floats(r, "half", 1, n, &f, &err) && f[0] == 1.5f && isinf(f[2]));
    free(f), n[0] = 0;
    assert_true(artifact_read_bytes(r, "flags", 1, n, &bytes, &err) && bytes[0] == 1 && bytes[1] == 0);
    free(bytes), n[0] = 0;
    assert_true(artifact_read_int8(r, "whole", 1, n, &i8, &err) && i8[1] == -1);
    free(i8);
    assert_true(artifact_read_texts(r, "fixed", &texts, &err) && texts.count == 3);
    assert_string_equal(texts.items[1], "tiger");
    text_list_free(&texts);
    assert_true(artifact_read_texts(r, "texts", &texts, &err) && strlen(texts.items[2]) == 100);
    text_list_free(&texts);
    size_t packed[2] = {40, 50}, zeros[2] = {0, 0};
    assert_true(artifact_read_floats(r, "packed", 2, packed, &f, &err) && f[1999] == 49);
    free(f);
    assert_true(artifact_read_floats(r, "zeros", 2, zeros, &f, &err));
    free(f), n[0] = 0;
    assert_true(artifact_read_floats(r, "group/inner", 1, n, &f, &err) && f[2] == 2);
    free(f);
    char *text;
    assert_true(artifact_attribute_get_text(r, "fixed", &text, &err));
    assert_string_equal(text, "hello");
    free(text);
    assert_true(artifact_attribute_get_text(r, "text", &text, &err));
    assert_string_equal(text, "caf\xc3\xa9");
    free(text);
    double number;
    assert_true(artifact_attribute_get_number(r, "number", &number, &err) && number == 0.5);
    assert_false(artifact_attribute_get_number(r, "list", &number, &err));
    artifact_close(r);
    assert_no_handles();
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    ArtifactReader *r = opened(golden_file);
    static const struct {
        const char *name, *what;
        int rank;
        size_t dim[3];
    } cases[] = {
        {"nothing", "has no data set \"nothing\"", 1, {0}},
        {"broken_link", "has no data set", 1, {0}},
        {"group", "has no data set", 1, {0}},
        {"plain", "has the shape [3, 4] where [3, 5] is needed", 2, {3, 5}},
        {"plain", "has the shape [3, 4] where [any] is needed", 1, {0}},
        {"fixed", "holds texts, numbers are needed", 1, {0}},
        {"table", "holds something else", 1, {0}},
        {"null", "has no shape", 1, {0}},
        {"never_written", "claims 1000000000 elements but stores only 0 bytes", 3, {0}},
        {"absurd", "more elements than a machine can address", 3, {0}},
        {"wide", "do not fit", 1, {0}},
        {"fractions", "do not fit", 1, {0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Error err = {0};
        size_t dim[3];
        int8_t *values;
        memcpy(dim, cases[i].dim, sizeof dim);
        if (artifact_read_int8(r, cases[i].name, cases[i].rank, dim, &values, &err)) fail_msg("%s", cases[i].name);
        assert_sentence(&err, golden_file, cases[i].what);
    }
    Error err;
    TextList texts;
    assert_false(artifact_read_texts(r, "plain", &texts, &err));
    assert_sentence(&err, "plain", "a column of texts");
    ArtifactShape s;
    assert_true(artifact_shape(r, "plain", &s, &err) && s.type == ARTIFACT_FLOAT && s.count == 12 && s.dim[1] == 4);
    assert_true(artifact_has(r, "plain") && !artifact_has(r, "x/y/z") && !artifact_has(r, "broken_link"));
    artifact_close(r);
    assert_no_handles();
}

/* A file that another reader can unpack is not damaged, and never ours to delete. */
static void a_filter_that_is_not_here_is_named_and_not_called_damage(void **state)
{
    (void)state;
    static const char path[] = "tests/golden/io_artifact_filters.h5";
    static const char *const cases[][2] = {{"lzf", "is packed with lzf (HDF5 filter 32000)"},
                                           {"zstd", "is packed with zstd (HDF5 filter 32015)"},
                                           {"unheard_of", "a filter without a name here (HDF5 filter 40123)"}};
    ArtifactReader *r = opened(path);
    float *f;
    for (size_t i = 0; i < 3; i++) {
        Error err = {0};
        assert_false(artifact_read_floats(r, cases[i][0], 2, (size_t[]){0, 0}, &f, &err));
        assert_sentence(&err, path, cases[i][1]);
        assert_sentence(&err, cases[i][0], "h5repack -f GZIP=4");
        assert_null(strstr(err.text, "damaged"));
    }
    Error err = {0};
    TextList texts;
    assert_false(artifact_read_texts(r, "names", &texts, &err));
    assert_sentence(&err, "names", "is packed with lzf");
    assert_true(artifact_read_floats(r, "plain", 1, (size_t[]){6}, &f, &err) && f[5] == 5);
    free(f);
    artifact_close(r);
    assert_no_handles();
}

/* As h5py's libver="latest" leaves it when its process is killed. */
static void a_file_that_its_writer_did_not_close_is_not_called_damaged(void **state)
{
    (void)state;
    Error err;
    const pid_t writer = fork();
    if (writer == 0) {
        const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
        H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
        H5Fflush(H5Fcreate(scratch("open.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, access), H5F_SCOPE_GLOBAL);
        _exit(0);
    }
    assert_int_equal(waitpid(writer, NULL, 0), writer);
    assert_null(artifact_open(scratch("open.h5"), &err));
    assert_sentence(&err, "open.h5", "was not closed by its writer");
}

static void only_our_own_files_are_deleted_to_be_made_again(void **state)
{
    (void)state;
    Error err = {0};
    float *f;
    ArtifactReader *r = opened(golden_file);
    assert_false(artifact_read_floats(r, "never_written", 3, (size_t[]){0, 0, 0}, &f, &err));
    assert_sentence(&err, golden_file, "palbench did not make it");
    assert_null(strstr(err.text, "delete"));
    artifact_close(r);
}

/* Reads all that a file offers; whether it can is not asked. */
static void read_all(const char *path)
{
    Error err = {0};
    ArtifactReader *r = artifact_open(path, &err);
    if (!r) {
        assert_sentence(&err, path, "");
        return;
    }
    TextList names = {0};
    artifact_names(r, &names);
    for (size_t i = 0; i < names.count; i++) {
        ArtifactShape s;
        double *numbers;
        if (!artifact_shape(r, names.items[i], &s, &err)) continue;
        size_t dim[ARTIFACT_RANK_MAX];
        memcpy(dim, s.dim, sizeof dim);
        if (s.count < 1 << 20 && artifact_read_doubles(r, names.items[i], s.rank, dim, &numbers, &err)) free(numbers);
        TextList texts;
        if (s.type == ARTIFACT_TEXT && artifact_read_texts(r, names.items[i], &texts, &err)) text_list_free(&texts);
    }
    char *text;
    if (artifact_attribute_get_text(r, "config", &text, &err)) free(text);
    text_list_free(&names);
    artifact_close(r);
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    (void)state;
    size_t length;
    write_good(scratch("whole.h5"), 40);
    char *bytes = get_file(scratch("whole.h5"), &length);
    for (size_t n = 0; n < length; n += 1 + n / 40) {
        Error err = {0};
        put_file(scratch("cut.h5"), bytes, n);
        if (artifact_open(scratch("cut.h5"), &err)) fail_msg("accepted when cut to %zu of %zu", n, length);
        assert_sentence(&err, "cut.h5", "damaged or not an HDF5 file");
    }
    for (size_t n = length - 64 + 1; n < length; n++) { /* in the digest */
        Error err = {0};
        put_file(scratch("cut.h5"), bytes, n);
        if (artifact_open(scratch("cut.h5"), &err)) fail_msg("accepted when cut to %zu of %zu", n, length);
    }
    free(bytes);
    assert_sample(scratch("whole.h5"), 40);
    Error err;
    assert_null(artifact_open(scratch("none.h5"), &err));
    assert_sentence(&err, "none.h5", "cannot open");
    assert_null(artifact_open(scratch_folder, &err));
    assert_sentence(&err, scratch_folder, "folder");
    assert_no_handles();
}

/* The 40 x 7 floats begin with -3, -2.75, -2.5. */
static void a_changed_bit_in_data_is_found(void **state)
{
    (void)state;
    Error err;
    size_t length, dim[2] = {0, 0};
    float *f;
    TextList texts;
    write_good(scratch("bit.h5"), 40);
    char *bytes = get_file(scratch("bit.h5"), &length);
    length -= 64; /* without the digest, which would tell before anything is read: as in files of an earlier version */
    char *floats = memmem(bytes, length, (float[]){-3, -2.75f, -2.5f}, 12), *text = memmem(bytes, length, "caf\xc3", 4);
    assert_true(floats && text);
    floats[100] ^= 1;
    text[1] ^= 1;
    put_file(scratch("bit.h5"), bytes, length);
    free(bytes);
    ArtifactReader *r = opened(scratch("bit.h5"));
    assert_false(artifact_read_floats(r, "f", 2, dim, &f, &err));
    assert_sentence(&err, "bit.h5: f: ", "damaged");
    assert_false(artifact_read_texts(r, "texts", &texts, &err));
    assert_sentence(&err, "bit.h5: texts: ", "checksum");
    artifact_close(r);
    assert_no_handles();
}

static void a_changed_bit_anywhere_is_found_by_the_digest(void **state)
{
    (void)state;
    Error err;
    size_t length;
    write_good(scratch("flip.h5"), 6);
    char *bytes = get_file(scratch("flip.h5"), &length);
    for (size_t at = 0; at < length - 64; at += 41) {
        bytes[at] ^= 4;
        put_file(scratch("flip.h5"), bytes, length);
        assert_null(artifact_open(scratch("flip.h5"), &err));
        assert_sentence(&err, "flip.h5: damaged", "");
        bytes[at] ^= 4;
    }
    free(bytes);
}

/* The references and heaps behind variable-length texts are the one part of a file that HDF5 1.10 neither checksums nor checks: with
 * damaged ones the library reads astray, in its own process. */
static void mutated_files_are_read_or_refused_never_worse(void **state)
{
    (void)state;
    size_t length;
    write_good(scratch("seedling.h5"), 6);
    char *good = get_file(scratch("seedling.h5"), &length), *bytes = xmalloc(length);
    uint32_t seed = 77;
    length -= 64; /* the digest */
    for (int round = 0; round < 600; round++) {
        memcpy(bytes, good, length);
        mutate(bytes, length, &seed);
        put_file(scratch("mutant.h5"), bytes, length);
        read_all(scratch("mutant.h5"));
        assert_no_handles();
    }
    free(good), free(bytes);
}

static size_t open_descriptors(void)
{
    size_t count = 0;
    for (int fd = 0; fd < 256; fd++) count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void a_full_disk_gives_one_sentence_and_leaves_nothing(void **state)
{
    (void)state;
    write_good(scratch("kept.h5"), 3000);
    const size_t files = files_in(scratch_folder), descriptors = open_descriptors();
    size_t length;
    free(get_file(scratch("kept.h5"), &length));
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit, small;
    getrlimit(RLIMIT_FSIZE, &limit);
    small = limit;
    for (size_t bytes = 0; bytes < length; bytes += 1 + length / 37) {
        Error err = {0};
        small.rlim_cur = bytes;
        setrlimit(RLIMIT_FSIZE, &small);
        const bool written = write_sample(scratch("kept.h5"), 3000, &err);
        setrlimit(RLIMIT_FSIZE, &limit);
        if (written) fail_msg("written within %zu of %zu bytes", bytes, length);
        assert_sentence(&err, "kept.h5: cannot write: ", "free some space");
        assert_int_equal(files_in(scratch_folder), files);
        assert_int_equal(open_descriptors(), descriptors);
        assert_no_handles();
    }
    assert_sample(scratch("kept.h5"), 3000); /* the old one is whole */
}

static void abandoned_and_impossible_files_leave_nothing(void **state)
{
    (void)state;
    Error err;
    const size_t files = files_in(scratch_folder);
    ArtifactWriter *w = artifact_create(scratch("left.h5"), "{}", &err);
    float *f = xcalloc(1000000, sizeof *f);
    artifact_write_floats(w, "f", 1, (size_t[]){1000000}, f);
    free(f);
    artifact_abandon(w);
    artifact_abandon(NULL);
    assert_null(artifact_create(scratch("no/such/folder.h5"), "{}", &err));
    assert_sentence(&err, "no/such/folder.h5: cannot write", "No such file or directory");
    w = artifact_create(scratch("twice.h5"), "{}", &err);
    artifact_write_floats(w, "f", 1, (size_t[]){1}, (float[]){1});
    artifact_write_floats(w, "f", 1, (size_t[]){1}, (float[]){1});
    artifact_write_floats(w, "g", 1, (size_t[]){1}, (float[]){1});
    assert_false(artifact_commit(w, &err));
    assert_sentence(&err, "twice.h5: cannot write f", "(HDF5: ");
    assert_int_equal(files_in(scratch_folder), files);
    assert_no_handles();
}

static void shards_join_and_move_together(void **state)
{
    (void)state;
    Error err;
    assert_true(make_folders(scratch("store/all/part%s"), &err) && make_folders(scratch("store/shards"), &err));
    const char *shards[] = {scratch("store/all/part%s/0.h5"), scratch("store/all/1.h5"), scratch("store/shards/2.h5")};
    static const char *const names[] = {"f", "labels", "seeds", "texts", NULL};
    for (size_t i = 0; i < 3; i++) write_good(shards[i], i == 1 ? 0 : 4 + i);
    if (!artifact_join(scratch("store/all.h5"), "{}", shards, 3, names, &err)) fail_msg("%s", err.text);
    assert_int_equal(rename(scratch("store"), scratch("moved")), 0);
    ArtifactReader *r = opened(scratch("moved/all.h5"));
    size_t dim[2] = {10, 7};
    float *f;
    TextList texts;
    if (!artifact_read_floats(r, "f", 2, dim, &f, &err)) fail_msg("%s", err.text);
    for (size_t i = 0; i < 28; i++) assert_true(f[i] == (float)i * 0.25f - 3);
    for (size_t i = 0; i < 42; i++) assert_true(f[28 + i] == (float)i * 0.25f - 3);
    free(f);
    assert_true(artifact_read_texts(r, "texts", &texts, &err) && texts.count == 10);
    text_list_free(&texts);
    artifact_close(r);
    /* A shard that is gone, or of another length, is told; HDF5 alone would read zeros. */
    assert_int_equal(rename(scratch("moved/shards/2.h5"), scratch("moved/3.h5")), 0);
    r = opened(scratch("moved/all.h5"));
    assert_false(artifact_read_floats(r, "f", 2, dim, &f, &err));
    assert_sentence(&err, "all.h5: ", "2.h5: cannot open");
    write_good(scratch("moved/shards/2.h5"), 5);
    assert_false(artifact_read_floats(r, "f", 2, dim, &f, &err));
    assert_sentence(&err, "2.h5", "its shape changed");
    put_file(scratch("moved/shards/2.h5"), "\x89HDF", 4);
    assert_false(artifact_read_floats(r, "f", 2, dim, &f, &err));
    assert_sentence(&err, "2.h5", "damaged");
    artifact_close(r);
    assert_no_handles();
}

static void shards_that_differ_are_not_joined(void **state)
{
    (void)state;
    Error err;
    assert_true(make_folders(scratch("j"), &err));
    write_good(scratch("j/s0.h5"), 4);
    ArtifactWriter *w = artifact_create(scratch("j/s1.h5"), "{}", &err);
    artifact_write_floats(w, "f", 2, (size_t[]){1, 6}, (float[6]){0});
    artifact_write_floats(w, "labels", 2, (size_t[]){1, 3}, (float[3]){0});
    assert_true(artifact_commit(w, &err));
    const char *shards[] = {scratch("j/s0.h5"), scratch("j/s1.h5")};
    static const char *const what[][2] = {{"f", "differs"}, {"labels", "differs"}, {"seeds", "has no data set"}};
    const size_t files = files_in(scratch_folder);
    for (size_t i = 0; i < 3; i++) {
        assert_false(artifact_join(scratch("j.h5"), "{}", shards, 2, (const char *[]){what[i][0], NULL}, &err));
        assert_sentence(&err, "s1.h5", what[i][1]);
    }
    assert_false(artifact_join(scratch("j.h5"), "{}", shards, 0, (const char *[]){NULL}, &err));
    shards[1] = scratch("missing.h5");
    assert_false(artifact_join(scratch("j.h5"), "{}", shards, 2, (const char *[]){"f", NULL}, &err));
    assert_sentence(&err, "missing.h5", "cannot open");
    shards[0] = shards[1] = scratch("beside.h5"); /* where nobody would read it */
    write_good(scratch("beside.h5"), 4);
    assert_false(artifact_join(scratch("j.h5"), "{}", shards, 2, (const char *[]){"f", NULL}, &err));
    assert_sentence(&err, "beside.h5", "does not lie in a shard folder of");
    unlink(scratch("beside.h5"));
    assert_int_equal(files_in(scratch_folder), files);
    assert_no_handles();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(empty_arrays_work),
        cmocka_unit_test(large_and_scalar_arrays_work),
        cmocka_unit_test(equal_content_gives_equal_files),
        cmocka_unit_test(rows_one_after_the_other_give_the_same_file),
        cmocka_unit_test(rows_that_do_not_come_leave_nothing),
        cmocka_unit_test(files_of_others_are_converted),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(a_filter_that_is_not_here_is_named_and_not_called_damage),
        cmocka_unit_test(a_file_that_its_writer_did_not_close_is_not_called_damaged),
        cmocka_unit_test(only_our_own_files_are_deleted_to_be_made_again),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
        cmocka_unit_test(a_changed_bit_in_data_is_found),
        cmocka_unit_test(a_changed_bit_anywhere_is_found_by_the_digest),
        cmocka_unit_test(mutated_files_are_read_or_refused_never_worse),
        cmocka_unit_test(a_full_disk_gives_one_sentence_and_leaves_nothing),
        cmocka_unit_test(abandoned_and_impossible_files_leave_nothing),
        cmocka_unit_test(shards_join_and_move_together),
        cmocka_unit_test(shards_that_differ_are_not_joined),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
