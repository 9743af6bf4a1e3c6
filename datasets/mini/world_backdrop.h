/* What is behind and in front of the objects: background of the scene type, texture, clutter. */
#pragma once

#include "datasets/mini/mini_world.h"
#include "datasets/mini/world_draw.h"

/* Fills the whole picture. A shift above 0 moves its colours, gives it a foreign background more often, and texture. */
void backdrop_draw(const Pen *pen, const WorldScene *scene);

/* count small shapes of any colour anywhere; `reach` is the largest half width in pixels. */
void clutter_draw(const Pen *pen, int count, double reach, double opacity);
