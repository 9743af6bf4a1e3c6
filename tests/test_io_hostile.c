/* HDF5 files made to do harm: that lead to other files, that break libhdf5, that never end or ask for all memory. Each is a sentence, and
 * what stands in another file comes into nothing. The files of ../shared/cases/hostile are tried where they are. */
#include "tests/broken_files.h"

#include "harness/io/artifact.h"

#include <dirent.h>
#include <hdf5.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

enum { COUNT = 16 };

/* A file that a victim may read and the attacker wants: 16 floats that are 77, as raw bytes and as HDF5. */
static void write_secrets(void)
{
    Error err;
    float secret[COUNT];
    for (size_t i = 0; i < COUNT; i++) secret[i] = 77;
    put_file(scratch("secret.bin"), secret, sizeof secret);
    assert_true(make_folders(scratch("in/x"), &err) && make_folders(scratch("in/shards"), &err));
    static const char *const places[] = {"secret.h5", "in/beside.h5"};
    for (size_t i = 0; i < 2; i++) {
        ArtifactWriter *w = artifact_create(scratch(places[i]), "{}", &err);
        artifact_write_floats(w, "scores", 1, (size_t[]){COUNT}, secret);
        artifact_write_texts(w, "texts", 1, &(const char *){"secret"});
        assert_true(artifact_commit(w, &err));
    }
}

static hid_t new_file(const char *path)
{
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_LATEST);
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    H5Pclose(access);
    assert_true(file >= 0);
    return file;
}

/* "scores" with the creation properties `list`, which are closed. */
static void put_scores(hid_t file, hid_t list)
{
    const hid_t space = H5Screate_simple(1, (hsize_t[]){COUNT}, NULL);
    const hid_t data = H5Dcreate2(file, "scores", H5T_IEEE_F32LE, space, H5P_DEFAULT, list, H5P_DEFAULT);
    assert_true(data >= 0);
    H5Dclose(data), H5Sclose(space), H5Pclose(list);
}

/* No way of reading "NAME" gives anything but a sentence that says `what`. */
static void assert_closed(const char *path, const char *name, const char *what)
{
    Error err = {0};
    float *floats = NULL;
    uint8_t bytes[COUNT];
    TextList texts = {0};
    ArtifactShape s;
    ArtifactReader *r = artifact_open(path, &err);
    if (!r) fail_msg("%s", err.text);
    assert_false(artifact_read_floats(r, name, 1, (size_t[]){COUNT}, &floats, &err));
    assert_sentence(&err, path, what);
    assert_null(floats);
    assert_false(artifact_shape(r, name, &s, &err));
    assert_sentence(&err, path, what);
    assert_false(artifact_read_byte_rows(r, name, 0, COUNT, bytes, &err));
    assert_false(artifact_read_texts(r, name, &texts, &err));
    artifact_close(r);
}

static void values_in_another_file_are_not_read(void **state)
{
    (void)state;
    const char *const names[] = {scratch("secret.bin"), "../secret.bin", "secret.bin"};
    for (size_t i = 0; i < 3; i++) {
        const hid_t file = new_file(scratch("in/raw.h5")), list = H5Pcreate(H5P_DATASET_CREATE);
        H5Pset_external(list, names[i], 0, COUNT * sizeof(float));
        put_scores(file, list);
        H5Fclose(file);
        setenv("HDF5_EXTFILE_PREFIX", scratch_folder, 1);
        assert_closed(scratch("in/raw.h5"), "scores", "keeps its values in another file");
        unsetenv("HDF5_EXTFILE_PREFIX");
    }
}

static hid_t lead_nowhere(const char *name, hid_t group, const void *data, size_t bytes, hid_t list, hid_t access)
{
    (void)name, (void)group, (void)data, (void)bytes, (void)list, (void)access;
    return -1;
}

static void links_into_another_file_are_not_followed(void **state)
{
    (void)state;
    const hid_t file = new_file(scratch("in/link.h5"));
    H5Lcreate_external(scratch("secret.h5"), "/scores", file, "scores", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external("../secret.h5", "/", file, "group", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external("beside.h5", "scores", file, "beside", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/beside", file, "soft", H5P_DEFAULT, H5P_DEFAULT);
    const H5L_class_t own = {.version = H5L_LINK_CLASS_T_VERS, .id = 187, .trav_func = lead_nowhere};
    H5Lregister(&own);
    H5Lcreate_ud(file, "own", 187, "secret.h5", 10, H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(file);
    const char *path = scratch("in/link.h5");
    assert_closed(path, "scores", "leads into another file");
    assert_closed(path, "beside", "leads into another file");
    assert_closed(path, "own", "leads into another file");
    assert_closed(path, "soft", "has no data set");
    assert_closed(path, "group/scores", "has no data set");
    assert_closed(path, "group", "leads into another file");
    Error err;
    TextList names = {0};
    ArtifactReader *r = artifact_open(path, &err);
    assert_true(artifact_names(r, &names));
    assert_int_equal(names.count, 0);
    assert_true(artifact_has(r, "scores") && artifact_has(r, "own")); /* and reading them says why not */
    assert_false(artifact_has(r, "group/scores") || artifact_has(r, "soft"));
    artifact_close(r);
}

/* A virtual data set over `source`. */
static void put_virtual(const char *path, const char *source)
{
    const hid_t file = new_file(path), list = H5Pcreate(H5P_DATASET_CREATE);
    const hid_t space = H5Screate_simple(1, (hsize_t[]){COUNT}, NULL);
    assert_true(H5Pset_virtual(list, space, source, "scores", space) >= 0);
    H5Sclose(space);
    put_scores(file, list);
    H5Fclose(file);
}

static void sources_outside_of_the_shard_folder_are_not_read(void **state)
{
    (void)state;
    char *whole = xstrdup(scratch("secret.h5"));
    const char *const sources[] = {
        whole,    "../secret.h5", "beside.h5", "./beside.h5",    "x/../../secret.h5",       "shards/../beside.h5",
        "y/a.h5", "shards/..",    "xx/a.h5",   "x/leads-out.h5", "shards/folder/secret.h5", "//tmp/x"};
    assert_int_equal(symlink(whole, scratch("in/x/leads-out.h5")), 0);
    assert_int_equal(symlink(scratch_folder, scratch("in/shards/folder")), 0);
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        put_virtual(scratch("in/x.h5"), sources[i]);
        setenv("HDF5_VDS_PREFIX", scratch_folder, 1);
        assert_closed(scratch("in/x.h5"), "scores", "which is not in a shard folder of its own");
        unsetenv("HDF5_VDS_PREFIX");
    }
    free(whole);
}

static void sources_in_the_shard_folder_are_plain_data(void **state)
{
    (void)state;
    Error err;
    float *floats;
    assert_int_equal(rename(scratch("in/beside.h5"), scratch("in/x/0.h5")), 0);
    put_virtual(scratch("in/x.h5"), "x/0.h5");
    setenv("HDF5_VDS_PREFIX", "/nonexistent", 1);
    ArtifactReader *r = artifact_open(scratch("in/x.h5"), &err);
    if (!artifact_read_floats(r, "scores", 1, (size_t[]){COUNT}, &floats, &err)) fail_msg("%s", err.text);
    unsetenv("HDF5_VDS_PREFIX");
    assert_true(floats[COUNT - 1] == 77);
    free(floats);
    artifact_close(r);
    assert_int_equal(rename(scratch("in/x/0.h5"), scratch("in/beside.h5")), 0);
    /* What is forbidden to the file is forbidden to its shards. */
    const hid_t file = new_file(scratch("in/x/0.h5")), list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(list, scratch("secret.bin"), 0, COUNT * sizeof(float));
    put_scores(file, list);
    H5Fclose(file);
    assert_closed(scratch("in/x.h5"), "scores", "keeps its values in another file");
    const hid_t linking = new_file(scratch("in/x/0.h5"));
    H5Lcreate_external(scratch("secret.h5"), "/scores", linking, "scores", H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(linking);
    assert_closed(scratch("in/x.h5"), "scores", "leads into another file");
    put_virtual(scratch("in/x/0.h5"), "../beside.h5");
    assert_closed(scratch("in/x.h5"), "scores", "joined of shards itself");
}

/* A million texts that refer to one of a megabyte: 16 MB in the file, a terabyte in memory. */
static void texts_that_ask_for_all_memory_are_refused(void **state)
{
    (void)state;
    enum { TEXTS = 1 << 20, LONG = 1 << 20 };
    Error err;
    char *text = xmalloc(LONG + 1);
    memset(text, 'x', LONG), text[LONG] = 0;
    const hid_t file = new_file(scratch("bomb.h5")), type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    const hid_t space = H5Screate_simple(1, (hsize_t[]){TEXTS}, NULL);
    const hid_t data = H5Dcreate2(file, "texts", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t one = H5Screate_simple(1, (hsize_t[]){1}, NULL), first = H5Dget_space(data);
    H5Sselect_hyperslab(first, H5S_SELECT_SET, (hsize_t[]){0}, NULL, (hsize_t[]){1}, NULL);
    assert_true(H5Dwrite(data, type, one, first, H5P_DEFAULT, &text) >= 0);
    const haddr_t at = H5Dget_offset(data);
    H5Sclose(first), H5Sclose(one), H5Dclose(data), H5Sclose(space), H5Tclose(type), H5Fclose(file);
    free(text);
    size_t length;
    char *bytes = get_file(scratch("bomb.h5"), &length);
    assert_true(at != HADDR_UNDEF && at + 16 * (size_t)TEXTS <= length);
    for (size_t i = 1; i < TEXTS; i++) memcpy(bytes + at + 16 * i, bytes + at, 16); /* all references as the first */
    put_file(scratch("bomb.h5"), bytes, length);
    free(bytes);
    TextList texts;
    ArtifactReader *r = artifact_open(scratch("bomb.h5"), &err);
    if (!r) fail_msg("%s", err.text);
    assert_false(artifact_read_texts(r, "texts", &texts, &err));
    assert_sentence(&err, "bomb.h5", "");
    artifact_close(r);
}

static void what_is_no_file_is_refused(void **state)
{
    (void)state;
    Error err;
    assert_int_equal(mkfifo(scratch("pipe"), 0600), 0);
    const char *const places[] = {scratch("pipe"), "/dev/zero", "/dev/null", "/dev/tty"};
    for (size_t i = 0; i < 4; i++) {
        assert_null(artifact_open(places[i], &err));
        assert_sentence(&err, places[i], "cannot open");
    }
}

static long parent_of(long process)
{
    char path[64], line[512] = "";
    long parent = 0;
    snprintf(path, sizeof path, "/proc/%ld/stat", process);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    const char *rest = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
    if (!rest || sscanf(rest, ") %*c %ld", &parent) != 1) parent = 0;
    fclose(file);
    return parent;
}

/* The newest child of a child of this process: the one that reads the file that was opened last. */
static void kill_reader(int signal)
{
    long newest = 0;
    DIR *directory = opendir("/proc");
    for (const struct dirent *entry; (entry = readdir(directory));) {
        const long process = strtol(entry->d_name, NULL, 10);
        if (process > newest && parent_of(parent_of(process)) == getpid()) newest = process;
    }
    closedir(directory);
    assert_true(newest > 0);
    kill((pid_t)newest, signal);
}

/* A child that is killed is a sentence, for the call that met it and for every later one; other files are read on. */
static void a_reader_that_dies_is_a_sentence(void **state)
{
    (void)state;
    Error err;
    float *floats;
    ArtifactReader *r = artifact_open(scratch("secret.h5"), &err);
    assert_non_null(r);
    assert_true(artifact_has(r, "scores"));
    if (access("/proc/self", F_OK) != 0) {
        artifact_close(r);
        skip();
    }
    kill_reader(SIGSEGV);
    for (int i = 0; i < 2; i++) {
        assert_false(artifact_read_floats(r, "scores", 1, (size_t[]){COUNT}, &floats, &err));
        assert_sentence(&err, "secret.h5: libhdf5 breaks down over it", "delete it");
    }
    artifact_close(r);
    r = artifact_open(scratch("secret.h5"), &err);
    assert_true(artifact_read_floats(r, "scores", 1, (size_t[]){COUNT}, &floats, &err));
    free(floats);
    artifact_close(r);
}

static void read_all(const char *path)
{
    Error err = {0};
    ArtifactReader *r = artifact_open(path, &err);
    TextList names = {0}, texts;
    if (r) artifact_names(r, &names);
    for (size_t i = 0; i < names.count; i++) {
        ArtifactShape s;
        double *numbers;
        if (!artifact_shape(r, names.items[i], &s, &err)) continue;
        if (s.type == ARTIFACT_TEXT && artifact_read_texts(r, names.items[i], &texts, &err)) text_list_free(&texts);
        if (s.type != ARTIFACT_TEXT && artifact_read_doubles(r, names.items[i], s.rank, s.dim, &numbers, &err))
            free(numbers);
    }
    text_list_free(&names);
    artifact_close(r);
}

static void the_collected_files_do_no_harm(void **state)
{
    (void)state;
    const char *shared = getenv("PALBENCH_SHARED");
    char *folder = path_join(shared ? shared : "../shared", "cases/hostile");
    DIR *directory = opendir(folder);
    if (!directory) {
        print_message("%s is not there\n", folder);
        free(folder);
        skip();
    }
    const time_t begin = time(NULL);
    for (const struct dirent *entry; (entry = readdir(directory));) {
        if (!strstr(entry->d_name, ".h5")) continue;
        char *path = path_join(folder, entry->d_name);
        read_all(path);
        free(path);
    }
    assert_in_range(time(NULL) - begin, 0, 120);
    closedir(directory);
    free(folder);
}

static int make(void **state)
{
    if (scratch_make(state) != 0) return -1;
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    write_secrets();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_in_another_file_are_not_read),
        cmocka_unit_test(links_into_another_file_are_not_followed),
        cmocka_unit_test(sources_outside_of_the_shard_folder_are_not_read),
        cmocka_unit_test(sources_in_the_shard_folder_are_plain_data),
        cmocka_unit_test(texts_that_ask_for_all_memory_are_refused),
        cmocka_unit_test(what_is_no_file_is_refused),
        cmocka_unit_test(a_reader_that_dies_is_a_sentence),
        cmocka_unit_test(the_collected_files_do_no_harm),
    };
    return cmocka_run_group_tests(tests, make, scratch_remove);
}
