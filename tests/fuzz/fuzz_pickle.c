/* The pickle machine, without the archive around it. */
#include "harness/io/pickle.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    Error err;
    Arena arena = {0};
    const PickleValue *root = pickle_read(bytes, count, "fuzzed: data.pkl", &arena, &err);
    if (root) pickle_get(root, "state_dict");
    arena_free(&arena);
    return 0;
}
