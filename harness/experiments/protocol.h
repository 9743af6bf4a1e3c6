/* Protocols: how test images are chosen, prepared and judged. A protocol is a named part of every result; results of different
 * protocols never share a table column.
 *
 * The epoch whose parameters are tested is a part of it too: always the last one. (Published code takes the one that is best on images
 * of the test set, which published numbers' protocols therefore say: results/published/README.md.)
 *
 * Built in: default, mini, mini-tune, 224-crop, 224-crop-labelled, 448-stretch, 480-stretch, voc-difficult-ignored and -positive. One's own stand in experiments.json:
 *   "protocols": {"mine": {"split": "test", "difficult": "negative", "size": 448, "resize": "stretch", "pool_position": "off"}} */
#pragma once

#include "datasets/dataset.h"
#include "harness/clip/clip.h"
#include "harness/io/json_keys.h"
#include "harness/score/metrics.h"

typedef struct Protocol {
    const char *name;
    const char *summary; /* of a built-in one; NULL for one's own */
    SplitName split;
    DifficultRule difficult;
    const char *test_set;    /* "srn60260": which of the data set's test sets; NULL: its first */
    size_t size;             /* pixels a side; 0: the model's own */
    ResizeRule resize;       /* RESIZE_OF_MODEL where nothing is said */
    bool position_of_method; /* pool as the method's published code does; else: */
    PoolPosition position;
} Protocol;

const Protocol *protocol_built_in(const char *name); /* NULL when unknown */
const Protocol *protocol_built_ins(size_t *count);
extern const Key protocol_keys[];
/* Reads one's own. Missing keys are those of "default"; unknown keys and bad values fail with the path. */
bool protocol_read(Protocol *p, const char *name, Json object, Error *err);

/* The words of experiments.json. */
extern const char *const difficult_words[]; /* in the order of DifficultRule; ends with NULL */
const char *split_word(SplitName split);
const char *difficult_word(DifficultRule rule);
const char *resize_word(ResizeRule rule);
const char *position_word(PoolPosition position);
/* The protocol as a JSON object, every field spelled out but a test set that it does not name; resizing that is left to the model as "crop", which it is unless the
 * model's own configuration says otherwise, and then its features' configuration says what. */
cJSON *protocol_json(const Protocol *p);
/* The same with nothing left to the model or the method, as it was measured: size and resize of `pictures`, the pooling that was
 * used, the epoch, and of a data set with several test sets which. What published numbers are held against (harness/results/published_numbers.h). */
cJSON *protocol_as_run(const Protocol *p, const DatasetKind *kind, const Preprocessing *pictures,
                       PoolPosition position);
