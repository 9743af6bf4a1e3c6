/* Sentences that stand in for a language model's: about any 1 to 3 classes, whether or not they are ever met together, in more forms
 * than the captions of scenes have, with the captions' words. [...] may be left out.
 *
 *     [opening] things [place]              place opening things             opening the setting with things
 *     thing is place [and relation thing ...]      thing is size and colour [relation thing ...] [place]
 *     thing is relation thing [and relation thing] [place]
 *
 * Order of the throws: how many classes and which, form, then from left to right, the full stop; a sentence of fewer than 7 or more
 * than 22 words is thrown again, classes and all. */
#include "datasets/mini/mini_world.h"
#include "datasets/mini/world_language.h"
#include "datasets/mini/world_random.h"
#include "harness/base/error.h"

#include <string.h>

enum { CLASSES_MOST = 3, WORDS_LEAST = 7, WORDS_MOST = 22 };

typedef struct Writer {
    Dice dice;
    int classes[CLASSES_MOST], count;
    char *text;
    size_t length;
} Writer;

static const char *const openings[] = {"a photo of", "a picture of", "an image showing",      "there is",
                                       "we see",     "a view of",    "my favourite photo of", "a nice picture of"};
static const char *const settings[] = {"street", "city", "field", "room", "station", "road", "water", "grass", "sky"};
static const char *const relations[] = {"and",      "with",  "next to", "near",        "beside", "left of",
                                        "right of", "above", "below",   "in front of", "behind"};

#define ANY_OF(writer, list) (list)[dice_integer(&(writer)->dice, 0, (int)(sizeof(list) / sizeof(*(list))) - 1)]

static void say(Writer *w, const char *phrase)
{
    const size_t more = strlen(phrase), blank = w->length > 0 && more > 0;
    if (w->length + blank + more >= WORLD_CAPTION_MAX)
        die("a sentence is longer than %d characters", WORLD_CAPTION_MAX);
    if (blank) w->text[w->length++] = ' ';
    memcpy(w->text + w->length, phrase, more + 1);
    w->length += more;
}

static void say_determiner(Writer *w, const char *next)
{
    const double kind = dice_unit(&w->dice);
    say(w, kind < 0.35 ? "the" : kind < 0.45 ? "one" : strchr("aeiou", next[0]) ? "an" : "a");
}

static void say_thing(Writer *w, int which, bool with_looks)
{
    const ClassNames *nouns = &world_class_nouns[w->classes[which]];
    const char *noun = nouns->names[dice_integer(&w->dice, 0, (int)nouns->count - 1)], *size = "", *colour = "";
    if (with_looks && dice_chance(&w->dice, 0.3)) size = dice_chance(&w->dice, 0.5) ? "big" : "small";
    if (with_looks && dice_chance(&w->dice, 0.5)) colour = world_colours[dice_integer(&w->dice, 0, WORLD_COLOURS - 1)];
    say_determiner(w, *size ? size : *colour ? colour : noun);
    say(w, size);
    say(w, colour);
    say(w, noun);
}

/* What is said of the places of two things; a person may also ride or sit. */
static void say_relation(Writer *w, int from, int to)
{
    const int b = w->classes[to];
    const char *action = b == HORSE || b == BICYCLE || b == MOTORBIKE ? "riding"
                         : b == SOFA || b == CHAIR                    ? "sitting on"
                                                                      : NULL;
    if (w->classes[from] == PERSON && action && dice_chance(&w->dice, 0.5))
        say(w, action);
    else
        say(w, ANY_OF(w, relations));
}

/* Things from `first` on, each related to the one before it. */
static void say_rest(Writer *w, int first)
{
    for (int i = first; i < w->count; i++) {
        if (i > 0) say_relation(w, i - 1, i);
        say_thing(w, i, true);
    }
}

static void say_things(Writer *w)
{
    say_thing(w, 0, true);
    say_rest(w, 1);
}

static void say_place(Writer *w, double probability)
{
    if (!dice_chance(&w->dice, probability)) return;
    const Phrases *places = &world_places[dice_integer(&w->dice, 0, WORLD_SCENE_TYPES - 1)];
    say(w, places->items[dice_integer(&w->dice, 0, places->count - 2)]); /* the last one says nothing */
}

/* ---- the forms ---- */

static void plain(Writer *w)
{
    if (dice_chance(&w->dice, 0.7)) say(w, ANY_OF(w, openings));
    say_things(w);
    say_place(w, 0.7);
}

static void place_first(Writer *w)
{
    say_place(w, 1);
    say(w, dice_chance(&w->dice, 0.6) ? "there is" : "we see");
    say_things(w);
}

static void setting_with(Writer *w)
{
    say(w, ANY_OF(w, openings));
    const char *where = ANY_OF(w, settings);
    say_determiner(w, where);
    say(w, where);
    say(w, "with");
    say_things(w);
}

static void is_there(Writer *w)
{
    say_thing(w, 0, true);
    say(w, "is");
    say_place(w, 1);
    if (w->count > 1) say(w, "and");
    say_rest(w, 1);
}

static void looks(Writer *w)
{
    say_thing(w, 0, false);
    say(w, "is");
    say(w, dice_chance(&w->dice, 0.5) ? "big" : "small");
    say(w, "and");
    say(w, world_colours[dice_integer(&w->dice, 0, WORLD_COLOURS - 1)]);
    say_rest(w, 1);
    say_place(w, 0.6);
}

static void is_beside(Writer *w)
{
    say_thing(w, 0, true);
    if (w->count > 1) say(w, "is");
    for (int i = 1; i < w->count; i++) {
        if (i > 1) say(w, "and");
        say_relation(w, i - 1, i);
        say_thing(w, i, true);
    }
    say_place(w, 0.7);
}

/* ---- */

static void choose_classes(Writer *w)
{
    w->count = dice_integer(&w->dice, 1, CLASSES_MOST);
    for (int i = 0; i < w->count; i++) {
        bool fresh;
        do {
            w->classes[i] = dice_integer(&w->dice, 0, WORLD_CLASSES - 1);
            fresh = true;
            for (int k = 0; k < i; k++) fresh = fresh && w->classes[k] != w->classes[i];
        } while (!fresh);
    }
}

static int count_words(const char *text)
{
    int count = 1;
    for (; *text; text++) count += *text == ' ';
    return count;
}

void world_sentence(uint64_t index, uint64_t trial, char sentence[WORLD_CAPTION_MAX], uint8_t labels[WORLD_CLASSES])
{
    static void (*const forms[])(Writer *) = {plain, plain, place_first, setting_with, is_there, looks, is_beside};
    Writer w = {.dice = dice_new(DICE_SENTENCE, 0, index, trial), .text = sentence};
    int words;
    do {
        w.length = 0;
        sentence[0] = 0;
        choose_classes(&w);
        ANY_OF(&w, forms)(&w);
        words = count_words(sentence);
    } while (words < WORDS_LEAST || words > WORDS_MOST);
    if (dice_chance(&w.dice, 0.5) && w.length + 1 < WORLD_CAPTION_MAX) memcpy(sentence + w.length, ".", 2);
    memset(labels, 0, WORLD_CLASSES);
    for (int i = 0; i < w.count; i++) labels[w.classes[i]] = 1;
}
