/* Training as in the paper's listing, pairs counted anew for every merge: quadratic, and quick enough for the few
 * hundred words that it is for. Ties go to the alphabetically first pair, so that the order of the words plays no
 * part. */
#include "harness/clip/vocabulary.h"

#include "harness/base/memory.h"
#include "harness/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One word as its current symbols; a merge joins two neighbours. */
typedef struct Word {
    TextList symbols;
} Word;

typedef struct Pair {
    const char *left, *right;
    size_t count;
} Pair;

static Word split_into_letters(const char *letters)
{
    Word word = {0};
    const size_t length = strlen(letters);
    for (size_t i = 0; i < length; i++) {
        char symbol[8];
        snprintf(symbol, sizeof symbol, "%c%s", letters[i], i + 1 == length ? "</w>" : "");
        text_list_add(&word.symbols, symbol);
    }
    return word;
}

static bool before(const Pair *a, const Pair *b)
{
    const int left = strcmp(a->left, b->left);
    return left ? left < 0 : strcmp(a->right, b->right) < 0;
}

/* The most frequent pair of neighbours, the alphabetically first of several: the order of words does not matter. */
static Pair most_frequent_pair(const Word *words, size_t count)
{
    Pair best = {0};
    Pair *pairs = NULL;
    size_t used = 0, capacity = 0;
    for (size_t w = 0; w < count; w++)
        for (size_t i = 0; i + 1 < words[w].symbols.count; i++) {
            const Pair seen = {words[w].symbols.items[i], words[w].symbols.items[i + 1], 1};
            size_t k = 0;
            while (k < used && (strcmp(pairs[k].left, seen.left) || strcmp(pairs[k].right, seen.right))) k++;
            if (k == capacity) pairs = xrealloc(pairs, (capacity = 2 * capacity + 64) * sizeof *pairs);
            if (k == used)
                pairs[used++] = seen;
            else
                pairs[k].count++;
        }
    for (size_t k = 0; k < used; k++)
        if (pairs[k].count > best.count || (pairs[k].count == best.count && before(&pairs[k], &best))) best = pairs[k];
    free(pairs);
    return best;
}

static void merge_in_word(Word *word, const char *left, const char *right, const char *joined)
{
    TextList merged = {0};
    for (size_t i = 0; i < word->symbols.count; i++) {
        const bool here = i + 1 < word->symbols.count && strcmp(word->symbols.items[i], left) == 0 &&
                          strcmp(word->symbols.items[i + 1], right) == 0;
        text_list_add(&merged, here ? joined : word->symbols.items[i]);
        if (here) i++;
    }
    text_list_free(&word->symbols);
    word->symbols = merged;
}

/* Appends "left right" for every merge, in order. */
static void learn_merges(Word *words, size_t count, TextList *merges)
{
    for (Pair pair; (pair = most_frequent_pair(words, count)).count;) {
        char *left = xstrdup(pair.left), *right = xstrdup(pair.right);
        char *joined = xformat("%s%s", left, right), *line = xformat("%s %s", left, right);
        text_list_add(merges, line);
        for (size_t w = 0; w < count; w++) merge_in_word(&words[w], left, right, joined);
        free(line), free(joined), free(right), free(left);
    }
}

static void add_code_point(Text *text, unsigned code)
{
    if (code < 0x80) {
        text_addf(text, "%c", (int)code);
    } else {
        const char bytes[2] = {(char)(0xC0 | (code >> 6)), (char)(0x80 | (code & 0x3F))};
        text_add_bytes(text, bytes, 2);
    }
}

/* GPT-2's byte alphabet: printable bytes stand for themselves and come first; the others are moved behind 255. */
static void byte_symbols(TextList *symbols)
{
    const unsigned ranges[3][2] = {{'!', '~'}, {0xA1, 0xAC}, {0xAE, 0xFF}};
    bool printable[256] = {false};
    Text symbol = {0};
    for (int r = 0; r < 3; r++)
        for (unsigned byte = ranges[r][0]; byte <= ranges[r][1]; byte++) {
            printable[byte] = true;
            symbol.length = 0;
            add_code_point(&symbol, byte);
            text_list_add(symbols, symbol.data);
        }
    unsigned moved = 256;
    for (unsigned byte = 0; byte < 256; byte++) {
        if (printable[byte]) continue;
        symbol.length = 0;
        add_code_point(&symbol, moved++);
        text_list_add(symbols, symbol.data);
    }
    text_free(&symbol);
}

static void add_entry(Text *json, const char *symbol, const char *suffix, size_t id)
{
    text_add(json, id ? ", \"" : "{\"");
    for (const char *c = symbol; *c; c++) {
        if (*c == '"' || *c == '\\') text_add(json, "\\");
        text_add_bytes(json, c, 1);
    }
    text_addf(json, "%s\": %zu", suffix, id);
}

static void vocabulary_json(const TextList *merges, Text *json)
{
    TextList bytes = {0};
    byte_symbols(&bytes);
    size_t id = 0;
    for (size_t i = 0; i < bytes.count; i++) add_entry(json, bytes.items[i], "", id++);
    for (size_t i = 0; i < bytes.count; i++) add_entry(json, bytes.items[i], "</w>", id++);
    for (size_t i = 0; i < merges->count; i++) {
        const char *blank = strchr(merges->items[i], ' ');
        char *joined = xformat("%.*s%s", (int)(blank - merges->items[i]), merges->items[i], blank + 1);
        add_entry(json, joined, "", id++);
        free(joined);
    }
    add_entry(json, "<|startoftext|>", "", id++);
    add_entry(json, "<|endoftext|>", "", id++);
    text_add(json, "}\n");
    text_list_free(&bytes);
}

static bool check_words(const char *const *words, size_t *count, Error *err)
{
    for (*count = 0; words[*count]; ++*count)
        for (const char *c = words[*count]; *c; c++)
            if (*c < 'a' || *c > 'z')
                return fail(err, "the word \"%s\" of a small vocabulary has something else than the letters a to z",
                            words[*count]);
    return true;
}

bool vocabulary_write(const char *const *list, const char *folder, Error *err)
{
    size_t count;
    if (!check_words(list, &count, err) || !make_folders(folder, err)) return false;
    Word *words = xcalloc(count, sizeof *words);
    for (size_t w = 0; w < count; w++) words[w] = split_into_letters(list[w]);
    TextList merges = {0};
    learn_merges(words, count, &merges);

    Text json = {0}, lines = {0};
    vocabulary_json(&merges, &json);
    text_add(&lines, "#version: 0.2\n");
    for (size_t i = 0; i < merges.count; i++) text_addf(&lines, "%s\n", merges.items[i]);
    char *vocab_path = path_join(folder, "vocab.json"), *merges_path = path_join(folder, "merges.txt");
    const bool good =
        write_file(vocab_path, json.data, json.length, err) && write_file(merges_path, lines.data, lines.length, err);
    free(vocab_path), free(merges_path);
    text_free(&json), text_free(&lines);
    for (size_t w = 0; w < count; w++) text_list_free(&words[w].symbols);
    free(words);
    text_list_free(&merges);
    return good;
}
