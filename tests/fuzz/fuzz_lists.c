/* Lists of texts, tables of scores, masks, and the files of a folder data set; the first byte says which. */
#include "datasets/dataset.h"
#include "harness/base/lines.h"
#include "harness/experiments/mask_file.h"
#include "harness/score/score_table.h"
#include "tests/fuzz/fuzz.h"

static bool take(void *context, const Line *line, Error *err)
{
    (void)err;
    *(size_t *)context += line->length + line_is_blank(line);
    return true;
}

/* captions.jsonl, test.jsonl, synonyms.json: `file` is the fuzzed one. */
static void open_dataset(const char *file)
{
    static const char config[] =
        "{\"d\": {\"kind\": \"folder\", \"classes\": [\"cat\", \"dog\"], \"synonyms\": \"synonyms.json\", "
        "\"captions\": \"captions.jsonl\", \"test\": \"test.jsonl\", \"images\": \"images/\"}}";
    static const char *const others[][2] = {{"captions.jsonl", "{\"caption\": \"a cat\"}\n"},
                                            {"test.jsonl", "{\"file\": \"a.png\", \"labels\": [\"cat\"]}\n"},
                                            {"synonyms.json", "[[\"cat\"], [\"dog\"]]"}};
    Error err;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(others[i][0], file) != 0)
            fuzz_put(others[i][0], (const uint8_t *)others[i][1], strlen(others[i][1]));
    JsonFile *json = json_parse("config", config, strlen(config), &err);
    DatasetSource source = {.name = "d", .folder = fuzz_folder(), .config = json_get(json_root(json), "d")};
    Dataset *dataset = dataset_open(&source, &err);
    if (dataset) dataset_captions(dataset, &err), dataset_split(dataset, SPLIT_TEST, &err);
    dataset_free(dataset);
    json_free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static const char *const files[] = {"captions.jsonl", "test.jsonl", "synonyms.json"};
    Error err;
    size_t length = 0;
    ScoreTable table;
    const int8_t labels[6] = {1, -1, 1, 0, -1, 1};
    int8_t out[6];
    if (!count) return 0;
    const uint8_t kind = *bytes++ % 6;
    count--;
    if (kind == 0) lines_read_bytes("fuzzed", (const char *)bytes, count, take, &length, &err);
    if (kind == 1 && score_table_read(&table, fuzz_put("scores.csv", bytes, count), &err)) score_table_free(&table);
    if (kind == 2) mask_file_read(fuzz_put("mask", bytes, count), labels, 3, 2, false, out, &err);
    if (kind < 3) return 0;
    fuzz_put(files[kind - 3], bytes, count);
    open_dataset(files[kind - 3]);
    return 0;
}
