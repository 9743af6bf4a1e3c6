/* All singulars that a word may have, by a table of endings and one of exceptions; no dictionary is asked, as the
 * caller keeps only those that are words of class names. An exception stands alone: the endings would add what it is
 * there to prevent. */
#include "datasets/inflection.h"

#include <stdio.h>
#include <string.h>

typedef struct Ending {
    const char *plural, *singular;
} Ending;

static const Ending endings[] = {
    {"s", ""},      {"ses", "s"},   {"ves", "f"}, {"xes", "x"},  {"zes", "z"}, {"ches", "ch"},
    {"shes", "sh"}, {"men", "man"}, {"ies", "y"}, {"ves", "fe"}, {"oes", "o"}, /* not morphy's: it has such words as exceptions, one by one */
};

/* Words that the endings get wrong. `published` is what nltk's WordNetLemmatizer answers on WordNet 3.0, which takes the
 * shortest candidate that WordNet has, the first of equals: it has "men", "teeth" and "vas". */
typedef struct Irregular {
    const char *plural, *published, *right;
} Irregular;

static const Irregular irregulars[] = {
    {"men", "men", "man"},          {"teeth", "teeth", "tooth"},   {"vases", "vas", "vase"},
    {"people", "people", "person"}, {"women", "woman", "woman"},   {"children", "child", "child"},
    {"mice", "mouse", "mouse"},     {"lice", "louse", "louse"},    {"geese", "goose", "goose"},
    {"feet", "foot", "foot"},       {"oxen", "ox", "ox"},          {"dice", "dice", "die"},
    {"cacti", "cactus", "cactus"},  {"fungi", "fungi", "fungus"},  {"busses", "bus", "bus"},
    {"taxies", "taxi", "taxi"},     {"dwarves", "dwarf", "dwarf"}, {"aircrafts", "aircraft", "aircraft"},
};

static void add(Singulars *out, const char *stem, size_t stem_length, const char *ending)
{
    if (out->count == SINGULARS_MAX || stem_length == 0) return;
    snprintf(out->words[out->count++], WORD_MAX, "%.*s%s", (int)stem_length, stem, ending);
}

static const Irregular *find_irregular(const char *word)
{
    for (size_t i = 0; i < sizeof irregulars / sizeof irregulars[0]; i++)
        if (strcmp(irregulars[i].plural, word) == 0) return &irregulars[i];
    return NULL;
}

void inflection_singulars(const char *word, LabelRule rule, Singulars *out)
{
    const size_t length = strlen(word);
    *out = (Singulars){0};
    add(out, word, length, "");
    const Irregular *irregular = find_irregular(word);
    if (irregular != NULL) {
        const char *singular = rule == LABEL_PUBLISHED ? irregular->published : irregular->right;
        add(out, singular, strlen(singular), "");
        return;
    }
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        const size_t cut = strlen(endings[i].plural);
        if (length > cut && strcmp(word + length - cut, endings[i].plural) == 0)
            add(out, word, length - cut, endings[i].singular);
    }
}
