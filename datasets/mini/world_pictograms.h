/* One function a class: draws the object into the square from -1 to 1, looking to the right, in pen->main.
 * The pen's dice decide what varies from one specimen to the next. */
#pragma once

#include "datasets/mini/world_draw.h"

/* pictogram_vehicles.c */
void draw_aeroplane(const Pen *pen);
void draw_bicycle(const Pen *pen);
void draw_boat(const Pen *pen);
void draw_bus(const Pen *pen);
void draw_car(const Pen *pen);
void draw_motorbike(const Pen *pen);
void draw_train(const Pen *pen);

/* pictogram_animals.c */
void draw_bird(const Pen *pen);
void draw_cat(const Pen *pen);
void draw_cow(const Pen *pen);
void draw_dog(const Pen *pen);
void draw_horse(const Pen *pen);
void draw_sheep(const Pen *pen);

/* pictogram_home.c */
void draw_bottle(const Pen *pen);
void draw_chair(const Pen *pen);
void draw_dining_table(const Pen *pen);
void draw_person(const Pen *pen);
void draw_potted_plant(const Pen *pen);
void draw_sofa(const Pen *pen);
void draw_tv_monitor(const Pen *pen);
