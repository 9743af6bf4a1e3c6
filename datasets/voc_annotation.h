/* What a picture of PASCAL VOC shows, by its Annotations/ID.xml (read by expat). */
#pragma once

#include "harness/base/error.h"

#include <stddef.h>
#include <stdint.h>

/* classes: names as the files have them, ending with NULL. labels, one a class, which are -1 or more: 1 where an object of the class is there, 0 where all of them are difficult, else as they
 * were. Parts of objects (head, hand, foot) count for nothing. Fails on: unreadable file, what is no XML, an object of none of the
 * classes. */
bool voc_annotation_read(const char *path, const char *const *classes, int8_t *labels, Error *err);
