/* The tables, and nothing that reads: forms that are more than a word or a number are JSON Schema, and their readers check them. */
#include "harness/experiments/experiment_keys.h"

#include "harness/experiments/generate_settings.h"

#define NAMES(least) "{\"type\": \"array\", \"minItems\": " least ", \"items\": {\"type\": \"string\"}}"

const Key book_keys[] = {
    {.name = "$schema",
     .type = KEY_TEXT,
     .help = "the schema that editors complete and check with: experiments.schema.json"},
    {.name = "plugins", .type = KEY_FORMS, .forms = NAMES("0"), .help = "shared objects with methods of one's own"},
    {.name = "models", .type = KEY_FORMS, .help = "checkpoints by name"},
    {.name = "datasets",
     .type = KEY_FORMS,
     .help = "data sets by name; mini and the public ones go by theirs without an entry"},
    {.name = "protocols",
     .type = KEY_FORMS,
     .help = "how test images are chosen, prepared and judged; palbench ls protocols"},
    {.name = "suites", .type = KEY_FORMS, .help = "lists of experiments by name"},
    {.name = "reproduce",
     .type = KEY_FORMS,
     .forms = NAMES("1"),
     .fallback = "[\"mini\"]",
     .help = "the suites that are meant when none is named"},
    {.name = "experiments", .type = KEY_FORMS, .help = "what is trained and scored, by name"},
    {0},
};

const Key model_keys[] = {
    {.name = "clip", .type = KEY_TEXT, .needed = true, .help = "path of the CLIP checkpoint; palbench ls layouts"},
    {.name = "architecture",
     .type = KEY_TEXT,
     .help = "that the checkpoint must have (\"RN50\"): another one is not taken for it"},
    {.name = "tokenizer", .type = KEY_TEXT, .help = "where the vocabulary lies, when not beside the weights"},
    {.name = "diffusion", .type = KEY_TEXT, .help = "the text-to-image model that draws training images"},
    {.name = "vae", .type = KEY_TEXT, .help = "another autoencoder for it"},
    {.name = "judge",
     .type = KEY_TEXT,
     .help = "a classifier that tells how many of the asked objects it draws recognisably"},
    {.name = "lora",
     .type = KEY_FORMS,
     .forms = generate_lora_forms,
     .help = "the same as in \"generate\": LoRAs over the text-to-image model; CLIP's own towers take none"},
    {.name = "generate", .type = KEY_FORMS, .help = "what it is asked for, unless an experiment says otherwise"},
    {0},
};

#define SEEDS                                                                                                          \
    {                                                                                                                  \
        .name = "seeds", .type = KEY_FORMS,                                                                            \
        .forms = "{\"type\": \"array\", \"minItems\": 1, \"maxItems\": 1000, \"uniqueItems\": true, \"items\": "       \
                 "{\"type\": \"integer\", \"minimum\": 0, \"maximum\": 9007199254740992}}",                            \
        .fallback = "[1]", .help = "of the runs: each trains and scores anew"                                          \
    }
#define LABEL                                                                                                          \
    {                                                                                                                  \
        .name = "label", .type = KEY_TEXT, .help = "what tables call it; its name when there is none"                  \
    }
#define EXTENDS                                                                                                        \
    {                                                                                                                  \
        .name = "extends", .type = KEY_TEXT, .help = "the experiment whose keys it takes over; null takes one away"    \
    }
#define OPTIONS                                                                                                        \
    {                                                                                                                  \
        .name = "options", .type = KEY_FORMS, .help = "of the method; palbench ls methods --json"                      \
    }
#define METHOD                                                                                                         \
    {                                                                                                                  \
        .name = "method", .type = KEY_TEXT, .needed = true, .help = "palbench ls methods lists them"                   \
    }
#define SAMPLES                                                                                                        \
    {.name = "samples",                                                                                                \
     .type = KEY_WHOLE,                                                                                                \
     .low = 1,                                                                                                         \
     .high = EXPANSION_MAX,                                                                                            \
     .help = "how many times values are drawn"},                                                                       \
    {                                                                                                                  \
        .name = "sample_seed", .type = KEY_WHOLE, .high = WHOLE_MOST, .fallback = "0", .help = "of the draws"          \
    }

const Key experiment_keys[] = {
    LABEL,
    EXTENDS,
    {.name = "dataset",
     .type = KEY_TEXT,
     .needed = true,
     .help = "of this file, or one that goes by its name; palbench ls datasets"},
    {.name = "model",
     .type = KEY_TEXT,
     .help =
         "of this file; palbench ls models. Not needed on a data set of kind features by methods that use no tower"},
    METHOD,
    {.name = "protocol", .type = KEY_TEXT, .fallback = "\"default\"", .help = "palbench ls protocols lists them"},
    {.name = "setting", .type = KEY_FORMS, .help = "which labels of the training images the method may see"},
    OPTIONS,
    {.name = "generate",
     .type = KEY_FORMS,
     .help = "what the text-to-image model is asked for, before what the model says"},
    SEEDS,
    SAMPLES,
    {0},
};

const Key member_keys[] = {
    LABEL,
    EXTENDS,
    METHOD,
    {.name = "of",
     .type = KEY_FORMS,
     .needed = true,
     .help = "the experiment whose scores it works on, of an ensemble two; {\"stored\": NAME} is a stored result"},
    OPTIONS,
    {.name = "dataset", .type = KEY_TEXT, .help = "of stored results alone"},
    {.name = "protocol", .type = KEY_TEXT, .fallback = "\"default\"", .help = "of stored results alone"},
    SEEDS,
    SAMPLES,
    {0},
};

const char *const swept_keys[] = {"dataset", "model", "protocol", "setting", "of", NULL};

Key option_key(const Option *option)
{
    static const KeyType types[] = {[OPTION_TYPE_REAL] = KEY_NUMBER,
                                    [OPTION_TYPE_INT] = KEY_WHOLE,
                                    [OPTION_TYPE_BOOL] = KEY_TRUTH,
                                    [OPTION_TYPE_CHOICE] = KEY_CHOICE,
                                    [OPTION_TYPE_TEXT] = KEY_TEXT};
    return (Key){.name = option->name,
                 .type = types[option->type],
                 .low = option->low,
                 .high = option->high,
                 .words = option->choices,
                 .help = option->help};
}
