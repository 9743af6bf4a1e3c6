/* Data sets as other people's code and their publishers write them: lists, names of classes, COCO's JSON, VOC's XML; the first byte says
 * which. */
#include "datasets/dataset.h"
#include "datasets/voc_annotation.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    mkdir(fuzz_path("images"), 0700);
    mkdir(fuzz_path("annotations"), 0700);
    mkdir(fuzz_path("val2014"), 0700);
    fuzz_put("images/0.jpg", (const uint8_t *)"", 0);
    fuzz_put("names.txt", (const uint8_t *)"cat\ndog\n", 8);
    return 0;
}

static void open_dataset(const char *config)
{
    Error err;
    JsonFile *json = json_parse("config", config, strlen(config), &err);
    if (!json) abort();
    const DatasetSource source = {.name = "d", .folder = fuzz_folder(), .config = json_get(json_root(json), "d")};
    Dataset *dataset = dataset_open(&source, &err);
    if (dataset) dataset_captions(dataset, &err), dataset_split(dataset, SPLIT_TEST, &err);
    dataset_free(dataset);
    json_free(json);
}

static void open_list(const char *form, const char *classes, const char *list)
{
    char *config = xformat("{\"d\": {\"kind\": \"list\", \"form\": \"%s\", \"classes\": \"%s\", \"test\": \"%s\", "
                           "\"images\": \"images\"}}",
                           form, classes, list);
    open_dataset(config);
    free(config);
}

static void open_coco(const char *captions)
{
    char *config = xformat("{\"d\": {\"kind\": \"coco2014\", \"root\": \"%s\", \"captions\": \"%s/%s\"}}",
                           fuzz_folder(), fuzz_folder(), captions);
    open_dataset(config);
    free(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static const char *const forms[] = {"ids", "names", "json", "csv"}, *const classes[] = {"cat", "dog", NULL};
    Error err;
    int8_t labels[2] = {-1, -1};
    if (!count) return 0;
    const unsigned kind = *bytes++ % 9;
    count--;
    if (kind < 4) fuzz_put("list", bytes, count), open_list(forms[kind], "names.txt", "list");
    if (kind == 4) fuzz_put("classes", bytes, count), open_list("ids", "classes", "list");
    if (kind == 5) fuzz_put("annotations/instances_val2014.json", bytes, count), open_coco("captions.json");
    if (kind == 6) fuzz_put("captions.json", bytes, count), open_coco("captions.json");
    if (kind == 7) fuzz_put("captions.jsonl", bytes, count), open_coco("captions.jsonl");
    if (kind == 8) voc_annotation_read(fuzz_put("a.xml", bytes, count), classes, labels, &err);
    return 0;
}
