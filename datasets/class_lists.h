/* Names of the classes of public data sets: the class name first, then the synonyms of TaI-DPT's noun filter ("labels by the
 * published rule need exactly these words"). */
#pragma once

#include "datasets/labeller.h"

/* One entry of a ClassNames table. */
#define CLASS_NAMES(...)                                                                                               \
    {                                                                                                                  \
        (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)          \
    }

enum { VOC_CLASSES = 20, COCO_CLASSES = 80, NUSWIDE_CLASSES = 81, VG256_CLASSES = 256 };
extern const ClassNames voc_classes[VOC_CLASSES], coco_classes[COCO_CLASSES], nuswide_classes[NUSWIDE_CLASSES],
    vg256_classes[VG256_CLASSES];
