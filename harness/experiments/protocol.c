/* A table of those that are built in, and one list of words for each field that both reading and writing go by: the
 * words are hashed with every artifact. */
#include "harness/experiments/protocol.h"

#include "harness/base/names.h"

#include <string.h>

static const char *const split_words[] = {"train", "tune", "test", NULL};
const char *const difficult_words[] = {
    [DIFFICULT_NEGATIVE] = "negative", [DIFFICULT_IGNORE] = "ignore", [DIFFICULT_POSITIVE] = "positive", NULL};
static const char *const resize_words[] = {"crop", "stretch", NULL}; /* absent: RESIZE_OF_MODEL */
static const char *const epoch_words[] = {"last", NULL};
static const char *const position_words[] = {"on", "off", "global", "method", NULL};
enum { POSITION_OF_METHOD = 3 };

static const Protocol built_ins[] = {
    {.name = "default",
     .summary =
         "test split, difficult as negative, pictures as the model's own configuration prepares them (central crop "
         "where it says nothing), pooling as the method's code does",
     .split = SPLIT_TEST,
     .position_of_method = true},
    {.name = "mini",
     .summary =
         "the embedded world: no crop, attention pool with positions for the global feature, without for local ones",
     .split = SPLIT_TEST,
     .resize = RESIZE_STRETCH,
     .position = POOL_POSITION_GLOBAL},
    {.name = "mini-tune",
     .summary = "as mini, on the tuning split: for choosing hyper-parameters",
     .split = SPLIT_TUNE,
     .resize = RESIZE_STRETCH,
     .position = POOL_POSITION_GLOBAL},
    {.name = "224-crop",
     .summary = "as default, at 224 pixels, shorter side to them and central crop: TaI-DPT as published",
     .split = SPLIT_TEST,
     .size = 224,
     .resize = RESIZE_CROP,
     .position_of_method = true},
    {.name = "224-crop-labelled",
     .summary = "as 224-crop, on the test images that have a label (COCO 40,137, NUS-WIDE 83,898): ML-TTA",
     .split = SPLIT_TEST,
     .test_set = "labelled",
     .size = 224,
     .resize = RESIZE_CROP,
     .position_of_method = true},
    {.name = "448-stretch",
     .summary = "as default, resized to 448 x 448 without crop",
     .split = SPLIT_TEST,
     .size = 448,
     .resize = RESIZE_STRETCH,
     .position_of_method = true},
    {.name = "480-stretch",
     .summary = "as default, resized to 480 x 480 without crop: PVP as published on VOC and COCO",
     .split = SPLIT_TEST,
     .size = 480,
     .resize = RESIZE_STRETCH,
     .position_of_method = true},
    {.name = "voc-difficult-ignored",
     .summary = "as default, but difficult objects are left out",
     .split = SPLIT_TEST,
     .difficult = DIFFICULT_IGNORE,
     .position_of_method = true},
    {.name = "voc-difficult-positive",
     .summary = "as default, but difficult objects count as positive: TagCLIP",
     .split = SPLIT_TEST,
     .difficult = DIFFICULT_POSITIVE,
     .position_of_method = true},
};
enum { BUILT_INS = sizeof built_ins / sizeof *built_ins };

const Protocol *protocol_built_ins(size_t *count)
{
    *count = BUILT_INS;
    return built_ins;
}

const Protocol *protocol_built_in(const char *name)
{
    for (size_t i = 0; i < BUILT_INS; i++)
        if (strcmp(built_ins[i].name, name) == 0) return &built_ins[i];
    return NULL;
}

static const char size_forms[] =
    "{\"anyOf\": [{\"const\": 0}, {\"type\": \"integer\", \"minimum\": 8, \"maximum\": 4096}, {\"type\": \"null\"}]}";

const Key protocol_keys[] = {
    {.name = "split",
     .type = KEY_CHOICE,
     .words = split_words,
     .fallback = "\"test\"",
     .help = "whose images are scored"},
    {.name = "difficult",
     .type = KEY_CHOICE,
     .words = difficult_words,
     .fallback = "\"negative\"",
     .help = "what a difficult object counts as"},
    {.name = "test_set",
     .type = KEY_CHOICE,
     .names = dataset_test_sets,
     .help = "which of the data set's test sets, where it has several; without: its first"},
    {.name = "size",
     .type = KEY_FORMS,
     .forms = size_forms,
     .fallback = "0",
     .help = "pixels a side that the tower sees; 0: the model's own"},
    {.name = "resize",
     .type = KEY_CHOICE,
     .words = resize_words,
     .help = "crop: shorter side to size, central square; stretch: no crop; without: as the checkpoint's own "
             "configuration says, crop where it says nothing"},
    {.name = "pool_position",
     .type = KEY_CHOICE,
     .words = position_words,
     .fallback = "\"method\"",
     .help = "positional embedding of a ResNet's attention pool; method: as the method's published code"},
    {.name = "epoch",
     .type = KEY_CHOICE,
     .words = epoch_words,
     .fallback = "\"last\"",
     .help = "whose parameters are tested; no epoch is ever chosen on test images"},
    {0},
};

/* The place of the word under `key`, which the table has checked; absent: `choice` stays. */
static bool read_word(Json object, const char *key, int *choice, Error *err)
{
    const char *const *words = key_words(keys_find(protocol_keys, key)), *word;
    if (!json_string_or(object, key, words[*choice], &word, err)) return false;
    *choice = (int)names_find(words, word);
    return true;
}

bool protocol_read(Protocol *p, const char *name, Json object, Error *err)
{
    int split = SPLIT_TEST, difficult = 0, resize = 0, position = POSITION_OF_METHOD;
    int64_t size;
    const char *test_set;
    const Json own = json_get(object, "resize");
    const bool of_model = !own.node || cJSON_IsNull(own.node);
    if (!json_is_object(object)) return json_fail(object, err, "an object is needed");
    if (!keys_check(object, protocol_keys, err) || !read_word(object, "split", &split, err) ||
        !read_word(object, "difficult", &difficult, err) || !read_word(object, "resize", &resize, err) ||
        !read_word(object, "pool_position", &position, err) || !json_integer_or(object, "size", 0, &size, err) ||
        !json_string_or(object, "test_set", NULL, &test_set, err))
        return false;
    if (size != 0 && (size < 8 || size > 4096))
        return json_fail(json_get(object, "size"), err,
                         "pixels a side from 8 to 4096 are allowed, or 0 for the model's own");
    *p = (Protocol){.name = name,
                    .split = (SplitName)split,
                    .difficult = (DifficultRule)difficult,
                    .test_set = test_set,
                    .size = (size_t)size,
                    .resize = of_model ? RESIZE_OF_MODEL
                              : resize ? RESIZE_STRETCH
                                       : RESIZE_CROP,
                    .position_of_method = position == POSITION_OF_METHOD,
                    .position = position == POSITION_OF_METHOD ? POOL_POSITION_ON : (PoolPosition)position};
    return true;
}

const char *split_word(SplitName split)
{
    return split_words[split];
}

const char *difficult_word(DifficultRule rule)
{
    return difficult_words[rule];
}

const char *resize_word(ResizeRule rule)
{
    return resize_words[rule == RESIZE_STRETCH];
}

const char *position_word(PoolPosition position)
{
    return position_words[position];
}

cJSON *protocol_json(const Protocol *p)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "split", split_word(p->split));
    cJSON_AddStringToObject(object, "difficult", difficult_word(p->difficult));
    if (p->test_set) cJSON_AddStringToObject(object, "test_set", p->test_set);
    cJSON_AddNumberToObject(object, "size", (double)p->size);
    cJSON_AddStringToObject(object, "resize", resize_word(p->resize));
    cJSON_AddStringToObject(object, "pool_position", p->position_of_method ? "method" : position_word(p->position));
    return object;
}

cJSON *protocol_as_run(const Protocol *p, const DatasetKind *kind, const Preprocessing *pictures, PoolPosition position)
{
    cJSON *object = protocol_json(p);
    cJSON_ReplaceItemInObjectCaseSensitive(object, "size", cJSON_CreateNumber((double)pictures->side));
    cJSON_ReplaceItemInObjectCaseSensitive(object, "resize",
                                           cJSON_CreateString(resize_word(preprocessing_rule(pictures))));
    cJSON_ReplaceItemInObjectCaseSensitive(object, "pool_position", cJSON_CreateString(position_word(position)));
    cJSON_AddStringToObject(object, "epoch", epoch_words[0]);
    if (kind->test_sets && !p->test_set) cJSON_AddStringToObject(object, "test_set", kind->test_sets[0]);
    return object;
}
