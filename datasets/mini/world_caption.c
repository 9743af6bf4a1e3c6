/* The grammar: [opening] thing {relation thing} [place]; a thing is [determiner] [size] [colour] noun.
 *
 * Order of the throws: generic or not; opening; which objects are mentioned and in what order; the things with their
 * relations between; place. */
#include "datasets/mini/mini_world.h"
#include "datasets/mini/world_language.h"
#include "datasets/mini/world_random.h"
#include "harness/base/error.h"

#include <string.h>

const CaptionStyle world_pretrain_style = {.mention = 0.7, .wrong = 0.04, .generic = 0.04, .photo = 0.10};
const CaptionStyle world_caption_style = {.mention = 0.7, .wrong = 0.04, .generic = 0.04, .photo = 0.10};

enum { THINGS_MAX = 3 };
static const double big_from = 15; /* radius in pixels */

typedef struct Speaker {
    Dice dice;
    const WorldScene *scene;
    const CaptionStyle *style;
    bool mirrored;
    char *text;
    size_t length;
} Speaker;

static void say(Speaker *s, const char *phrase)
{
    const size_t more = strlen(phrase), blank = s->length > 0 && more > 0;
    if (s->length + blank + more >= WORLD_CAPTION_MAX) die("a caption is longer than %d characters", WORLD_CAPTION_MAX);
    if (blank) s->text[s->length++] = ' ';
    memcpy(s->text + s->length, phrase, more + 1);
    s->length += more;
}

static const char *pick(Dice *dice, Phrases phrases)
{
    return phrases.items[dice_integer(dice, 0, phrases.count - 1)];
}

static void say_place(Speaker *s)
{
    say(s, pick(&s->dice, world_places[s->scene->type]));
}

static const char *pick_noun(Dice *dice, int class)
{
    double left = 0;
    for (int i = 0; i < WORLD_NOUNS_MAX; i++) left += world_noun_weights[class][i];
    left *= dice_unit(dice);
    size_t i = 0;
    while (i + 1 < world_class_nouns[class].count && (left -= world_noun_weights[class][i]) >= 0) i++;
    return world_class_nouns[class].names[i];
}

static void say_thing(Speaker *s, const WorldObject *object)
{
    Dice *dice = &s->dice;
    const bool mistaken = dice_chance(dice, s->style->wrong);
    const int class = mistaken ? dice_integer(dice, 0, WORLD_CLASSES - 1) : object->class;
    const char *noun = pick_noun(dice, class), *colour = "", *size = "";
    if (dice_chance(dice, 0.45)) {
        const bool miscoloured = dice_chance(dice, s->style->wrong);
        colour = world_colours[miscoloured ? dice_integer(dice, 0, WORLD_COLOURS - 1) : object->colour];
    }
    if (dice_chance(dice, 0.15)) size = object->radius > big_from ? "big" : "small";
    const char *determiner = pick(dice, world_determiners);
    const char *next = *size ? size : *colour ? colour : noun;
    if (strcmp(determiner, "a") == 0 && strchr("aeiou", next[0]) != NULL) determiner = "an";
    say(s, determiner);
    say(s, size);
    say(s, colour);
    say(s, noun);
}

/* What a person does with it, NULL when nothing special. */
static const char *pick_action(Dice *dice, const WorldObject *a, const WorldObject *b)
{
    if (a->class != PERSON) return NULL;
    const bool mount = b->class == HORSE || b->class == BICYCLE || b->class == MOTORBIKE;
    const bool seat = b->class == SOFA || b->class == CHAIR;
    if (mount && dice_chance(dice, 0.6)) return "riding";
    if (seat && dice_chance(dice, 0.5)) return "sitting on";
    return NULL;
}

/* left, right, above, below, in front of and behind are true of the picture. */
static const char *pick_relation(Speaker *s, const WorldObject *a, const WorldObject *b)
{
    Dice *dice = &s->dice;
    const double kind = dice_unit(dice);
    if (kind < 0.35) return pick(dice, world_joining);
    if (kind < 0.55) return (a->x < b->x) != s->mirrored ? "left of" : "right of";
    if (kind < 0.65) return a->y < b->y ? "above" : "below";
    const char *action = pick_action(dice, a, b);
    if (action != NULL) return action;
    if (dice_chance(dice, 0.6)) return pick(dice, world_beside);
    const double nearness = a->y + 0.7 * a->radius - b->y - 0.7 * b->radius; /* as the renderer orders them */
    return nearness > 0 ? "in front of" : "behind";
}

/* Some of the objects in any order, at most three, at least one: the largest when none came up. */
static int choose_things(Speaker *s, const WorldObject *things[WORLD_OBJECTS_MAX])
{
    const WorldScene *scene = s->scene;
    int count = 0;
    const WorldObject *largest = &scene->objects[0];
    for (int i = 0; i < scene->count; i++) {
        const WorldObject *object = &scene->objects[i];
        if (object->radius > largest->radius) largest = object;
        if (dice_chance(&s->dice, s->style->mention)) things[count++] = object;
    }
    if (count == 0) things[count++] = largest;
    for (int i = count - 1; i > 0; i--) {
        const int j = dice_integer(&s->dice, 0, i);
        const WorldObject *other = things[i];
        things[i] = things[j], things[j] = other;
    }
    return count < THINGS_MAX ? count : THINGS_MAX;
}

static void say_nothing_particular(Speaker *s)
{
    const int kind = dice_integer(&s->dice, 0, world_generic.count + world_generic_here.count - 1);
    if (kind < world_generic.count) {
        say(s, world_generic.items[kind]);
        return;
    }
    say(s, world_generic_here.items[kind - world_generic.count]);
    say_place(s);
}

static void say_opening(Speaker *s)
{
    double left = dice_unit(&s->dice) - s->style->photo;
    if (left < 0) {
        say(s, "a photo of");
        return;
    }
    for (int i = 0; i < WORLD_OPENINGS; i++) {
        left -= world_openings[i].probability;
        if (left >= 0) continue;
        say(s, world_openings[i].phrase);
        return;
    }
}

void world_caption(const WorldScene *scene, const CaptionStyle *style, uint64_t seed, bool mirrored,
                   char caption[WORLD_CAPTION_MAX])
{
    Speaker s = {.scene = scene, .style = style, .mirrored = mirrored, .text = caption};
    s.dice = dice_new(DICE_CAPTION, scene->split, scene->index, seed);
    caption[0] = 0;
    if (dice_chance(&s.dice, style->generic)) {
        say_nothing_particular(&s);
        return;
    }
    say_opening(&s);
    const WorldObject *things[WORLD_OBJECTS_MAX];
    const int count = choose_things(&s, things);
    say_thing(&s, things[0]);
    for (int i = 1; i < count; i++) {
        say(&s, pick_relation(&s, things[i - 1], things[i]));
        say_thing(&s, things[i]);
    }
    if (dice_chance(&s.dice, 0.5)) say_place(&s);
}
