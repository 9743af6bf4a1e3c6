/* Inside the data set of kind "list": its forms (list_forms.c). */
#pragma once

#include "datasets/picture_list.h"

typedef enum ListForm { LIST_IDS, LIST_NAMES, LIST_JSON, LIST_CSV, LIST_FORMS } ListForm;

typedef bool ReadList(PictureList *pictures, const char *path, Error *err);
extern ReadList *const list_readers[LIST_FORMS];
