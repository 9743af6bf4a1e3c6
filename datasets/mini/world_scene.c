/* Which objects stand where: class, place, size, colour.
 *
 * Order of the throws: first class, scene type, number of objects, further classes; then object by object radius, up to
 * six trial places, colour, side; last the style shift and the seed of the picture. */
#include "datasets/mini/mini_world.h"
#include "datasets/mini/world_random.h"
#include "datasets/mini/world_tables.h"

#include <math.h>

/* How often a class is met in a scene type, relative to the others there; 0: only as a stray. */
static const double habitat[WORLD_SCENE_TYPES][WORLD_CLASSES] = {
    [STREET] = {[CAR] = 5,
                [BUS] = 4,
                [BICYCLE] = 4,
                [MOTORBIKE] = 4,
                [PERSON] = 4,
                [TRAIN] = 1,
                [DOG] = 1,
                [BIRD] = 1,
                [BOTTLE] = 0.5},
    [FIELD] = {[COW] = 4,
               [SHEEP] = 4,
               [HORSE] = 4,
               [DOG] = 3,
               [PERSON] = 3,
               [BIRD] = 2,
               [CAT] = 1,
               [BICYCLE] = 1,
               [MOTORBIKE] = 1},
    [ROOM] = {[SOFA] = 4,
              [CHAIR] = 5,
              [DINING_TABLE] = 5,
              [TV_MONITOR] = 4,
              [POTTED_PLANT] = 4,
              [BOTTLE] = 4,
              [CAT] = 3,
              [PERSON] = 3,
              [DOG] = 2},
    [SKY] = {[AEROPLANE] = 5, [BIRD] = 4, [PERSON] = 0.5},
    [SEA] = {[BOAT] = 6, [BIRD] = 3, [PERSON] = 2, [AEROPLANE] = 2},
    [RAILS] = {[TRAIN] = 6, [PERSON] = 3, [BUS] = 2, [CAR] = 2},
};

typedef struct ClassList {
    int count, items[WORLD_LIST_MAX];
} ClassList;

/* Who comes with whom. */
static const ClassList companions[WORLD_CLASSES] = {
    [PERSON] = {5, {HORSE, BICYCLE, MOTORBIKE, DOG, BOAT}},
    [CAR] = {2, {BUS, MOTORBIKE}},
    [BUS] = {2, {CAR, PERSON}},
    [CHAIR] = {1, {DINING_TABLE}},
    [DINING_TABLE] = {2, {CHAIR, BOTTLE}},
    [SOFA] = {2, {TV_MONITOR, CAT}},
    [HORSE] = {1, {PERSON}},
    [MOTORBIKE] = {1, {PERSON}},
    [BICYCLE] = {1, {PERSON}},
    [TV_MONITOR] = {1, {SOFA}},
    [SHEEP] = {2, {DOG, COW}},
    [BOAT] = {1, {PERSON}},
    [COW] = {1, {SHEEP}},
    [BOTTLE] = {1, {DINING_TABLE}},
    [POTTED_PLANT] = {2, {CHAIR, SOFA}},
    [TRAIN] = {1, {PERSON}},
};

/* Colours a class is seen in; an empty list means any. */
static const ClassList coats[WORLD_CLASSES] = {
    [COW] = {4, {BROWN, WHITE, BLACK, BROWN}},
    [HORSE] = {4, {BROWN, BLACK, WHITE, BROWN}},
    [DOG] = {5, {BROWN, BLACK, WHITE, ORANGE, GRAY}},
    [CAT] = {4, {ORANGE, BLACK, GRAY, WHITE}},
    [SHEEP] = {4, {WHITE, WHITE, GRAY, BROWN}},
    [BIRD] = {6, {RED, BLUE, BLACK, YELLOW, WHITE, GRAY}},
    [DINING_TABLE] = {5, {BROWN, WHITE, BROWN, GRAY, BLACK}},
    [TV_MONITOR] = {4, {BLACK, GRAY, BLACK, WHITE}},
    [AEROPLANE] = {5, {WHITE, GRAY, BLUE, RED, YELLOW}},
    [BOTTLE] = {5, {GREEN, BROWN, BLUE, RED, WHITE}},
};

static const double pretrain_counts[WORLD_OBJECTS_MAX] = {0.45, 0.30, 0.17, 0.08};
static const double other_counts[WORLD_OBJECTS_MAX] = {0.30, 0.33, 0.23, 0.14};

/* Radius in pixels: the more objects, the smaller. */
static const double smallest[WORLD_OBJECTS_MAX] = {13, 11, 9.5, 8.5}, largest[WORLD_OBJECTS_MAX] = {25, 19, 16, 14};

/* An index with probability in proportion to its weight. */
static int pick_weighted(Dice *dice, const double *weights, int count)
{
    double total = 0;
    for (int i = 0; i < count; i++) total += weights[i];
    double left = dice_unit(dice) * total;
    int last = 0;
    for (int i = 0; i < count; i++) {
        if (weights[i] <= 0) continue;
        last = i;
        left -= weights[i];
        if (left < 0) break;
    }
    return last;
}

static int pick_item(Dice *dice, const ClassList *list)
{
    return list->items[dice_integer(dice, 0, list->count - 1)];
}

static int pick_first_class(Dice *dice)
{
    double weights[WORLD_CLASSES];
    for (int c = 0; c < WORLD_CLASSES; c++) weights[c] = c == PERSON ? 2 : 1;
    return pick_weighted(dice, weights, WORLD_CLASSES);
}

static int pick_scene_type(Dice *dice, int class)
{
    double weights[WORLD_SCENE_TYPES];
    for (int type = 0; type < WORLD_SCENE_TYPES; type++) weights[type] = habitat[type][class];
    return pick_weighted(dice, weights, WORLD_SCENE_TYPES);
}

/* A companion of the class before, somebody who lives here, or a stray. */
static int pick_further_class(Dice *dice, int type, int before)
{
    const double kind = dice_unit(dice);
    if (kind < 0.4 && companions[before].count > 0) return pick_item(dice, &companions[before]);
    if (kind < 0.88) return pick_weighted(dice, habitat[type], WORLD_CLASSES);
    return dice_integer(dice, 0, WORLD_CLASSES - 1);
}

static bool has_class(const WorldScene *scene, int class)
{
    for (int i = 0; i < scene->count; i++)
        if (scene->objects[i].class == class) return true;
    return false;
}

/* Every class at most once: captions speak of "the dog". A repeated choice is thrown again and sometimes given up, so
 * that small habitats (the sky) do not fill with strays. */
static void choose_classes(Dice *dice, WorldScene *scene, int wanted)
{
    while (scene->count < wanted) {
        const int class = pick_further_class(dice, scene->type, scene->objects[scene->count - 1].class);
        if (!has_class(scene, class))
            scene->objects[scene->count++].class = class;
        else if (dice_chance(dice, 0.1))
            wanted--;
    }
}

/* Distance to the nearest object that is placed already, in sums of radii: below 1 they overlap. */
static double clearance(const WorldScene *scene, int placed, double x, double y, double radius)
{
    double nearest = 9;
    for (int i = 0; i < placed; i++) {
        const WorldObject *o = &scene->objects[i];
        nearest = fmin(nearest, hypot(x - o->x, y - o->y) / (radius + o->radius));
    }
    return nearest;
}

static void place_object(Dice *dice, WorldScene *scene, int i)
{
    WorldObject *object = &scene->objects[i];
    const double radius = dice_between(dice, smallest[scene->count - 1], largest[scene->count - 1]);
    const double margin = radius * 0.75, far = WORLD_SIZE - margin;
    const bool open = scene->type == SKY || scene->type == SEA; /* no ground to stand on */
    const double top = open ? fmax(margin, far - 40) : fmin(18, far);
    double best = -1;
    for (int trial = 0; trial < 6; trial++) {
        const double x = dice_between(dice, margin, far);
        const double y = dice_between(dice, top, far);
        const double room = clearance(scene, i, x, y, radius);
        if (room > best) best = room, object->x = x, object->y = y;
        if (room > 0.85 && dice_chance(dice, 0.8)) break; /* some overlap is wanted */
    }
    object->radius = radius;
    const ClassList *coat = &coats[object->class];
    object->colour = coat->count > 0 ? pick_item(dice, coat) : dice_integer(dice, 0, WORLD_COLOURS - 1);
    object->flip = dice_chance(dice, 0.5);
}

static double choose_shift(Dice *dice, WorldSplit split)
{
    if (split == WORLD_TUNE || split == WORLD_TEST || split == WORLD_REAL) return world_test_shift;
    if (dice_chance(dice, 0.7)) return 0;
    return dice_between(dice, 0, 0.3);
}

void world_scene(WorldScene *scene, WorldSplit split, uint64_t index)
{
    Dice dice = dice_new(DICE_SCENE, split, index, 0);
    *scene = (WorldScene){.split = split, .index = index, .count = 1};
    scene->objects[0].class = pick_first_class(&dice);
    scene->type = pick_scene_type(&dice, scene->objects[0].class);
    const double *counts = split == WORLD_PRETRAIN ? pretrain_counts : other_counts;
    choose_classes(&dice, scene, 1 + pick_weighted(&dice, counts, WORLD_OBJECTS_MAX));
    for (int i = 0; i < scene->count; i++) place_object(&dice, scene, i);
    scene->shift = choose_shift(&dice, split);
    scene->render_seed = dice_bits(&dice);
}

void world_labels(const WorldScene *scene, uint8_t labels[WORLD_CLASSES])
{
    for (int c = 0; c < WORLD_CLASSES; c++) labels[c] = has_class(scene, c);
}
