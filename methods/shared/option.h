/* Options of a method: a table of names, types, defaults, ranges and help; values come from experiments.json. */
#pragma once

#include "harness/io/json.h"

typedef enum OptionType {
    OPTION_TYPE_REAL,
    OPTION_TYPE_INT,
    OPTION_TYPE_BOOL,
    OPTION_TYPE_CHOICE,
    OPTION_TYPE_TEXT
} OptionType;

typedef struct Option {
    const char *name; /* NULL ends a table */
    OptionType type;
    double fallback;            /* default of a number; 0 or 1 of a bool */
    const char *fallback_text;  /* default of a choice or text */
    double low, high;           /* range of a number, both ends allowed */
    const char *const *choices; /* NULL-terminated */
    const char *help;
    bool at_test;  /* changes scores only: training is not run again for it */
    bool later;    /* see OPTION_INT_LATER */
    double before; /* its value in results that were stored before the method had it */
} Option;

#define OPTION_REAL(option, value, lowest, highest, text)                                                              \
    {                                                                                                                  \
        .name = option, .type = OPTION_TYPE_REAL, .fallback = value, .low = lowest, .high = highest, .help = text      \
    }
#define OPTION_INT(option, value, lowest, highest, text)                                                               \
    {                                                                                                                  \
        .name = option, .type = OPTION_TYPE_INT, .fallback = value, .low = lowest, .high = highest, .help = text       \
    }
#define OPTION_BOOL(option, value, text)                                                                               \
    {                                                                                                                  \
        .name = option, .type = OPTION_TYPE_BOOL, .fallback = value, .help = text                                      \
    }
#define OPTION_CHOICE(option, value, list, text)                                                                       \
    {                                                                                                                  \
        .name = option, .type = OPTION_TYPE_CHOICE, .fallback_text = value, .choices = list, .help = text              \
    }
#define OPTION_TEXT(option, value, text)                                                                               \
    {                                                                                                                  \
        .name = option, .type = OPTION_TYPE_TEXT, .fallback_text = value, .help = text                                 \
    }
/* The same for options that change scores only (at_test). */
#define OPTION_REAL_AT_TEST(option, value, lowest, highest, text)                                                      \
    {                                                                                                                  \
        .name = option, .type = OPTION_TYPE_REAL, .fallback = value, .low = lowest, .high = highest, .help = text,     \
        .at_test = true                                                                                                \
    }
#define OPTION_CHOICE_AT_TEST(option, value, list, text)                                                               \
    {                                                                                                                  \
        .name = option, .type = OPTION_TYPE_CHOICE, .fallback_text = value, .choices = list, .help = text,             \
        .at_test = true                                                                                                \
    }
#define OPTION_BOOL_AT_TEST(option, value, text)                                                                       \
    {                                                                                                                  \
        .name = option, .type = OPTION_TYPE_BOOL, .fallback = value, .help = text, .at_test = true                     \
    }
/* A number that a method gets when results of it are stored already. At `earlier`, the value that those were made with, it is left out of
 * what hashes and results say: so they keep their names, and whoever asks for the same today finds them. That says as much: a
 * description without the option means `earlier`, and one with it never does. (A raised version would throw away results whose
 * numbers are what they were.) */
#define OPTION_INT_LATER(option, value, lowest, highest, earlier, text)                                                \
    {                                                                                                                  \
        .name = option, .type = OPTION_TYPE_INT, .fallback = value, .low = lowest, .high = highest, .help = text,      \
        .later = true, .before = earlier                                                                               \
    }
#define OPTION_REAL_LATER(option, value, lowest, highest, earlier, text)                                               \
    {                                                                                                                  \
        .name = option, .type = OPTION_TYPE_REAL, .fallback = value, .low = lowest, .high = highest, .help = text,     \
        .later = true, .before = earlier                                                                               \
    }
#define OPTION_END                                                                                                     \
    {                                                                                                                  \
        .name = NULL                                                                                                   \
    }

typedef struct OptionValue {
    double number;
    char *text;
} OptionValue;

typedef struct Options {
    const Option *table;
    OptionValue *values; /* one an entry of the table */
    size_t count;
} Options;

/* Values from a JSON object (node NULL: all defaults). Unknown keys, wrong types and values out of range fail with the path
 * in the file and what is allowed. A grid must have been expanded before. */
bool options_read(Options *options, const Option *table, Json object, Error *err);
void options_free(Options *options);

double option_real(const Options *options, const char *name);
size_t option_int(const Options *options, const char *name);
bool option_bool(const Options *options, const char *name);
const char *option_text(const Options *options, const char *name);
/* Of options that not every method has: `otherwise` when the table lacks it. */
bool option_bool_or(const Options *options, const char *name, bool otherwise);
size_t option_int_or(const Options *options, const char *name, size_t otherwise);
const char *option_text_or(const Options *options, const char *name, const char *otherwise);

/* For a rehearsal: every training that is counted in epochs, options whose names end with "epochs" but for those of warming up, takes one. */
void options_rehearse(Options *options);

/* All values as a canonical JSON object (caller frees): what results carry and hashes are made of. With `training_only`,
 * without the options that matter at test time alone. Without later options that are as before. */
char *options_json(const Options *options, bool training_only);
