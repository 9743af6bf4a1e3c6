#include "datasets/mini_world.h"

/* NOTES. The shift is chosen once, on the tuning split, after CLIP was trained: normalised zero-shot near 60 mAP, the linear
 * probe at least 10 above it. 0.8 comes from the prototype (mini-world.md); at 0.4 zero-shot is nearly perfect and the
 * methods have nothing to win. */
const double world_test_shift = 0.8;
const int world_version = 1;

const char *const world_class_names[WORLD_CLASSES] = {
    "aeroplane",    "bicycle", "bird",  "boat",      "bottle", "bus",          "car",   "cat",  "chair", "cow",
    "dining table", "dog",     "horse", "motorbike", "person", "potted plant", "sheep", "sofa", "train", "tv monitor",
};
