/* HDF5 files, read in their child as always: whatever libhdf5 does with them, this process lives and gets an answer. */
#include "harness/io/artifact.h"
#include "harness/score/score_file.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    artifact_prepare();
    return 0;
}

static void read_all(const ArtifactReader *r)
{
    Error err;
    TextList names = {0}, texts;
    artifact_names(r, &names);
    for (size_t i = 0; i < names.count; i++) {
        ArtifactShape s;
        double *numbers;
        if (!artifact_shape(r, names.items[i], &s, &err) || s.count > 1 << 20) continue;
        if (s.type == ARTIFACT_TEXT && artifact_read_texts(r, names.items[i], &texts, &err)) text_list_free(&texts);
        if (s.type != ARTIFACT_TEXT && artifact_read_doubles(r, names.items[i], s.rank, s.dim, &numbers, &err))
            free(numbers);
    }
    text_list_free(&names);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    Error err;
    ScoreFile scores;
    const char *path = fuzz_put("file.h5", bytes, count);
    ArtifactReader *r = artifact_open(path, &err);
    if (r) read_all(r);
    artifact_close(r);
    if (score_file_open(&scores, path, &err)) score_file_close(&scores);
    return 0;
}
