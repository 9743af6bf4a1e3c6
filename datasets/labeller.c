/* Names and captions become lists of word numbers (places in the sorted list of all words of all names), so that
 * looking for a name is a memcmp. Names are sorted once, longest first, and tried in that order; the words that one
 * takes are marked, so that no shorter name sees them. */
#include "datasets/labeller.h"
#include "datasets/caption_words.h"
#include "datasets/inflection.h"
#include "harness/base/memory.h"
#include "harness/base/text.h"

#include <stdlib.h>
#include <string.h>

enum { UNKNOWN = -1, TAKEN = -2, NAME_WORDS_MAX = 8 };

typedef struct Name {
    int words[NAME_WORDS_MAX]; /* numbers in the vocabulary */
    size_t count;
    int joined;                  /* the words written without the blanks */
    size_t length, class, order; /* length: letters without blanks */
} Name;

struct Labeller {
    LabelRule rule;
    size_t classes;
    TextList vocabulary; /* sorted, every word once */
    Name *names;         /* longest first; equal ones adjacent */
    size_t name_count;
};

/* Growing list of word numbers. */
typedef struct Numbers {
    const Labeller *labeller;
    int *items;
    size_t count, capacity;
} Numbers;

static int by_letters(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int word_number(const Labeller *l, const char *word)
{
    char **found = l->vocabulary.count == 0
                       ? NULL
                       : bsearch(&word, l->vocabulary.items, l->vocabulary.count, sizeof(char *), by_letters);
    return found == NULL ? UNKNOWN : (int)(found - l->vocabulary.items);
}

/* The shortest singular that is a word of ours, the first of equals. */
static int lemma_number(const Labeller *l, const char *word)
{
    Singulars forms;
    inflection_singulars(word, l->rule, &forms);
    int best = UNKNOWN;
    size_t shortest = WORD_MAX;
    for (int i = 0; i < forms.count; i++) {
        const int number = word_number(l, forms.words[i]);
        const size_t length = strlen(forms.words[i]);
        if (number != UNKNOWN && length < shortest) best = number, shortest = length;
    }
    return best;
}

static void push_number(Numbers *numbers, int number)
{
    if (numbers->count == numbers->capacity) {
        numbers->capacity = numbers->capacity ? 2 * numbers->capacity : 32;
        numbers->items = xrealloc(numbers->items, numbers->capacity * sizeof(int));
    }
    numbers->items[numbers->count++] = number;
}

static void push_lemma(void *context, const char *word)
{
    push_number(context, lemma_number(((Numbers *)context)->labeller, word));
}

static void push_exact(void *context, const char *word)
{
    push_number(context, word_number(((Numbers *)context)->labeller, word));
}

static void add_word(void *context, const char *word)
{
    text_list_add(context, word);
}

static void join_word(void *context, const char *word)
{
    text_add(context, word);
}

/* Every word of every name, and every name of several words as one. */
static void collect_vocabulary(Labeller *l, const ClassNames *classes)
{
    TextList *list = &l->vocabulary;
    const bool cut = l->rule == LABEL_PLURAL;
    for (size_t c = 0; c < l->classes; c++)
        for (size_t i = 0; i < classes[c].count; i++) {
            Text joined = {0};
            caption_words(classes[c].names[i], cut, add_word, list);
            caption_words(classes[c].names[i], cut, join_word, &joined);
            if (joined.length > 0 && joined.length < WORD_MAX) text_list_add(list, joined.data);
            text_free(&joined);
        }
    if (list->count == 0) return;
    qsort(list->items, list->count, sizeof(char *), by_letters);
    size_t kept = 1;
    for (size_t i = 1; i < list->count; i++) {
        if (strcmp(list->items[i], list->items[kept - 1]) == 0)
            free(list->items[i]);
        else
            list->items[kept++] = list->items[i];
    }
    list->count = kept;
}

/* A name without words, or with more than any noun has, can be met in no caption and is left out. */
static void add_name(Labeller *l, const char *text, size_t class)
{
    const bool cut = l->rule == LABEL_PLURAL;
    Name name = {.joined = UNKNOWN, .class = class, .order = l->name_count};
    Numbers words = {.labeller = l};
    Text joined = {0};
    caption_words(text, cut, push_exact, &words);
    caption_words(text, cut, join_word, &joined);
    name.count = words.count;
    name.length = joined.length;
    if (words.count > 0 && words.count <= NAME_WORDS_MAX) {
        memcpy(name.words, words.items, words.count * sizeof(int));
        name.joined = word_number(l, joined.data);
        l->names[l->name_count++] = name;
    }
    free(words.items);
    text_free(&joined);
}

static int compare_words(const Name *a, const Name *b)
{
    return memcmp(a->words, b->words, a->count * sizeof(int));
}

/* More words first, then more letters, then equal names together, then the order of the lists. */
static int longest_first(const void *left, const void *right)
{
    const Name *a = left, *b = right;
    if (a->count != b->count) return a->count > b->count ? -1 : 1;
    if (a->length != b->length) return a->length > b->length ? -1 : 1;
    const int words = compare_words(a, b);
    if (words != 0) return words;
    return a->order < b->order ? -1 : 1;
}

Labeller *labeller_new(const ClassNames *classes, size_t count, LabelRule rule)
{
    Labeller *l = xcalloc(1, sizeof *l);
    l->rule = rule;
    l->classes = count;
    collect_vocabulary(l, classes);
    size_t names = 0;
    for (size_t c = 0; c < count; c++) names += classes[c].count;
    l->names = xcalloc(names + 1, sizeof *l->names);
    for (size_t c = 0; c < count; c++)
        for (size_t i = 0; i < classes[c].count; i++) add_name(l, classes[c].names[i], c);
    qsort(l->names, l->name_count, sizeof *l->names, longest_first);
    return l;
}

void labeller_free(Labeller *l)
{
    if (l == NULL) return;
    text_list_free(&l->vocabulary);
    free(l->names);
    free(l);
}

/* How many words from `at` on are this name, 0 when it does not stand there. */
static size_t match(const Name *name, const Numbers *caption, size_t at)
{
    if (name->joined != UNKNOWN && caption->items[at] == name->joined) return 1;
    if (name->count > caption->count - at) return 0;
    return memcmp(name->words, caption->items + at, name->count * sizeof(int)) == 0 ? name->count : 0;
}

/* Finds the name everywhere and takes its words away, so that no shorter name sees them. */
static bool take(const Name *name, Numbers *caption)
{
    bool found = false;
    for (size_t at = 0; at < caption->count; at++) {
        const size_t words = match(name, caption, at);
        for (size_t i = 0; i < words; i++) caption->items[at + i] = TAKEN;
        found |= words > 0;
    }
    return found;
}

size_t labeller_apply(const Labeller *l, const char *caption, uint8_t *labels)
{
    Numbers words = {.labeller = l};
    caption_words(caption, l->rule == LABEL_PLURAL, push_lemma, &words);
    memset(labels, 0, l->classes);
    for (size_t i = 0; i < l->name_count;) {
        const Name *name = &l->names[i];
        const bool found = take(name, &words);
        for (; i < l->name_count && l->names[i].count == name->count && compare_words(name, &l->names[i]) == 0; i++)
            if (found) labels[l->names[i].class] = 1; /* a name that two classes share names both */
    }
    free(words.items);
    size_t named = 0;
    for (size_t c = 0; c < l->classes; c++) named += labels[c];
    return named;
}
