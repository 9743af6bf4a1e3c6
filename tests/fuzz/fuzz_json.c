/* JSON: what is accepted has a canonical text, which is accepted too and is its own canonical text. */
#include "harness/io/json.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    Error err;
    JsonFile *file = json_parse("fuzzed.json", (const char *)bytes, count, &err);
    if (!file) return 0;
    char *canonical = json_canonical(json_root(file).node);
    JsonFile *again = json_parse("canonical.json", canonical, strlen(canonical), &err);
    if (!again) abort();
    char *same = json_canonical(json_root(again).node);
    if (strcmp(canonical, same) != 0) abort();
    free(canonical), free(same);
    json_free(again), json_free(file);
    return 0;
}
