/* Inside a data set; only the files of this room see it. */
#pragma once

#include "datasets/dataset.h"
#include "harness/base/memory.h"

/* What a kind of data set can do. Every function gets its own data through d->state. */
typedef struct DatasetOps {
    /* Reads the configuration, whose keys the kind's table has checked; fills d->state, d->classes and d->class_count. When d->unseen is set
     * no file is opened: it is only asked whether the entry makes sense. */
    bool (*open)(Dataset *d, const DatasetSource *source, Error *err);
    bool (*has)(const Dataset *d, SplitName name); /* whether there is such a split; NULL: all three */
    void (*close)(Dataset *d); /* NULL: nothing but the arena to free; also after an open that failed */
    /* Fill what was asked for, at most once a split; labels come from big_alloc, strings from d->arena. */
    bool (*split)(Dataset *d, SplitName name, Split *split, Error *err);
    bool (*captions)(Dataset *d, Captions *captions,
                     Error *err); /* never NULL: a kind without any says so in a sentence */
    bool (*sentences)(Dataset *d, Captions *sentences, Error *err); /* NULL: this kind never has any */
    /* i: as split() listed them. Kinds that take "skip_damaged" are asked by several threads at once, of d->listed. */
    bool (*image)(Dataset *d, SplitName name, size_t i, Image *image, Error *err);
} DatasetOps;

struct Dataset {
    const DatasetKind *kind;
    const DatasetOps *ops;
    const char *name;
    Arena arena; /* all small things of this data set */
    void *state;
    const ClassNames *classes;
    size_t class_count;
    const char **class_names, **spoken_names;
    size_t limit;
    bool half;                        /* local features are stored as float16; open() may change what its kind says */
    bool skip_damaged;                /* set by open() from the configuration */
    char *memory;                     /* a folder (dataset_remember_in), or NULL */
    const char **listed[SPLIT_COUNT]; /* the files of a split as split() listed them */
    Progress *progress;               /* for remarks, or NULL */
    Split splits[SPLIT_COUNT];
    Captions captions, sentences;
    bool has_split[SPLIT_COUNT], has_captions, has_sentences;
    bool unseen;          /* only for dataset_check */
    bool survey;          /* DatasetSource.survey */
    const char *test_set; /* DatasetSource.test_set */
};

/* The first key of every kind's table. */
#define KIND_KEY                                                                                                       \
    {                                                                                                                  \
        .name = "kind", .type = KEY_CHOICE, .names = dataset_kind_names, .needed = true,                               \
        .help = "what it is and who reads it"                                                                          \
    }

/* damaged.c: what "skip_damaged" leaves out, of a split or captions just made. Fail where a file cannot be read at all, and when
 * nothing is left. */
bool damaged_leave_out_split(Dataset *d, SplitName name, Split *split, Error *err);
bool damaged_leave_out_captions(Dataset *d, Captions *captions, Error *err);

/* dataset.c: the first of the kind's places under a folder that has its sign, in the arena; NULL: none. */
const char *dataset_kind_folder(const DatasetKind *kind, const char *root, Arena *arena);

/* The limit of --limit on a count. */
static inline size_t dataset_limited(const Dataset *d, size_t count)
{
    return d->limit > 0 && d->limit < count ? d->limit : count;
}

extern const char *const dataset_split_names[SPLIT_COUNT]; /* "train", "tune", "test" */
