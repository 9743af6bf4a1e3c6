/* What the rooms of the embedded world share: classes, scene types and colours by number. */
#pragma once

#include "datasets/mini/mini_world.h"

enum WorldClass {
    AEROPLANE,
    BICYCLE,
    BIRD,
    BOAT,
    BOTTLE,
    BUS,
    CAR,
    CAT,
    CHAIR,
    COW,
    DINING_TABLE,
    DOG,
    HORSE,
    MOTORBIKE,
    PERSON,
    POTTED_PLANT,
    SHEEP,
    SOFA,
    TRAIN,
    TV_MONITOR
};

enum WorldSceneType { STREET, FIELD, ROOM, SKY, SEA, RAILS, WORLD_SCENE_TYPES };

enum WorldColour { RED, ORANGE, YELLOW, GREEN, BLUE, PURPLE, PINK, BROWN, BLACK, WHITE, GRAY, WORLD_COLOURS };

/* Lists of small numbers in tables; -1 ends one that is not full. */
enum { WORLD_LIST_MAX = 8 };
