/* Word lists as tables, with how often each is said; the grammar that joins them is world_caption.c. The closed list
 * of words, which the embedded CLIP's vocabulary is learned from, is collected out of the same tables, sorted, once a
 * process. */
#include "datasets/mini/world_language.h"
#include "datasets/class_lists.h"
#include "harness/base/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

const ClassNames world_class_nouns[WORLD_CLASSES] = {
    [AEROPLANE] = CLASS_NAMES("aeroplane", "plane", "airplane", "jet"),
    [BICYCLE] = CLASS_NAMES("bicycle", "bike", "cycle"),
    [BIRD] = CLASS_NAMES("bird", "pigeon", "duck"),
    [BOAT] = CLASS_NAMES("boat", "ship", "sailboat"),
    [BOTTLE] = CLASS_NAMES("bottle", "flask"),
    [BUS] = CLASS_NAMES("bus", "coach"),
    [CAR] = CLASS_NAMES("car", "sedan", "taxi"),
    [CAT] = CLASS_NAMES("cat", "kitten"),
    [CHAIR] = CLASS_NAMES("chair", "seat"),
    [COW] = CLASS_NAMES("cow", "bull"),
    [DINING_TABLE] = CLASS_NAMES("dining table", "table", "desk"),
    [DOG] = CLASS_NAMES("dog", "puppy"),
    [HORSE] = CLASS_NAMES("horse", "pony"),
    [MOTORBIKE] = CLASS_NAMES("motorbike", "motorcycle", "scooter"),
    [PERSON] = CLASS_NAMES("person", "man", "woman", "boy", "girl"),
    [POTTED_PLANT] = CLASS_NAMES("potted plant", "plant", "flowerpot"),
    [SHEEP] = CLASS_NAMES("sheep", "lamb"),
    [SOFA] = CLASS_NAMES("sofa", "couch"),
    [TRAIN] = CLASS_NAMES("train", "locomotive"),
    [TV_MONITOR] = CLASS_NAMES("tv monitor", "tv", "television", "monitor", "screen"),
};

const double world_noun_weights[WORLD_CLASSES][WORLD_NOUNS_MAX] = {
    [AEROPLANE] = {1, 2, 1, 1}, [BICYCLE] = {2, 1, 1},   [BIRD] = {2, 1, 1},         [BOAT] = {2, 1, 1},
    [BOTTLE] = {2, 1},          [BUS] = {2, 1},          [CAR] = {2, 1, 1},          [CAT] = {2, 1},
    [CHAIR] = {2, 1},           [COW] = {2, 1},          [DINING_TABLE] = {1, 2, 1}, [DOG] = {2, 1},
    [HORSE] = {2, 1},           [MOTORBIKE] = {1, 2, 1}, [PERSON] = {1, 1, 1, 1, 1}, [POTTED_PLANT] = {1, 2, 1},
    [SHEEP] = {2, 1},           [SOFA] = {1, 2},         [TRAIN] = {2, 1},           [TV_MONITOR] = {1, 1, 1, 1, 1},
};

const char *const world_colours[WORLD_COLOURS] = {
    [RED] = "red",   [ORANGE] = "orange", [YELLOW] = "yellow", [GREEN] = "green", [BLUE] = "blue", [PURPLE] = "purple",
    [PINK] = "pink", [BROWN] = "brown",   [BLACK] = "black",   [WHITE] = "white", [GRAY] = "gray",
};

#define PHRASES(...)                                                                                                   \
    {                                                                                                                  \
        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *), (const char *const[])                       \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }

const Phrases world_places[WORLD_SCENE_TYPES] = {
    [STREET] = PHRASES("on the road", "in the street", "in the city", ""),
    [FIELD] = PHRASES("on the grass", "in a field", "outside", ""),
    [ROOM] = PHRASES("in a room", "indoors", "at home", ""),
    [SKY] = PHRASES("in the sky", "up high", ""),
    [SEA] = PHRASES("at sea", "on the water", ""),
    [RAILS] = PHRASES("near the tracks", "at the station", ""),
};
const Phrases world_determiners = PHRASES("a", "a", "a", "the", "one", "");
const Phrases world_joining = PHRASES("and", "and", "with");
const Phrases world_beside = PHRASES("next to", "near", "beside");
const Phrases world_generic = PHRASES("a nice photo", "my favourite picture", "a beautiful day");
const Phrases world_generic_here = PHRASES("something", "a view");
const Opening world_openings[WORLD_OPENINGS] = {
    {"a picture of", 0.06},
    {"there is", 0.05},
    {"an image showing", 0.03},
    {"we see", 0.03},
};

/* What the grammar itself says. */
static const Phrases said_by_grammar = PHRASES("a photo of", "an", "big", "small", "left of", "right of", "above",
                                               "below", "in front of", "behind", "riding", "sitting on");

enum { WORDS_MAX = 512 };
static const char *words[WORDS_MAX + 1];

static int by_letters(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t add_words(size_t count, const char *phrase)
{
    for (const char *p = phrase; *p != 0;) {
        const size_t length = strcspn(p, " ");
        if (count >= WORDS_MAX) die("the world's captions have more than %d words", WORDS_MAX);
        char *word = xcalloc(length + 1, 1); /* lives as long as the program */
        memcpy(word, p, length);
        words[count++] = word;
        p += length + (p[length] == ' ');
    }
    return count;
}

static size_t add_phrases(size_t count, Phrases phrases)
{
    for (int i = 0; i < phrases.count; i++) count = add_words(count, phrases.items[i]);
    return count;
}

static void collect_words(void)
{
    const Phrases lists[] = {world_determiners, world_joining,      world_beside,
                             world_generic,     world_generic_here, said_by_grammar};
    size_t count = 0;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) count = add_phrases(count, lists[i]);
    for (int i = 0; i < WORLD_SCENE_TYPES; i++) count = add_phrases(count, world_places[i]);
    for (int i = 0; i < WORLD_COLOURS; i++) count = add_words(count, world_colours[i]);
    for (int i = 0; i < WORLD_OPENINGS; i++) count = add_words(count, world_openings[i].phrase);
    for (int c = 0; c < WORLD_CLASSES; c++)
        for (size_t i = 0; i < world_class_nouns[c].count; i++) count = add_words(count, world_class_nouns[c].names[i]);
    qsort(words, count, sizeof(words[0]), by_letters);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && strcmp(words[kept - 1], words[i]) == 0)
            free((char *)words[i]);
        else
            words[kept++] = words[i];
    }
    words[kept] = NULL;
}

const char *const *world_words(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, collect_words);
    return words;
}
