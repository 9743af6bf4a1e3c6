/* Names that look alike are alike: é is one character or e and an accent, as the keyboard, the file system or the program had it that
 * wrote the list. Class names are brought into one form (Unicode's NFC) where they come in: classes and labels of data sets, columns of
 * CSV, `classes` of HDF5 files; after that strcmp tells whether they are the same. */
#pragma once

#include "harness/base/text.h"

/* The text in NFC; caller frees. What is not UTF-8 stays as it is. */
char *nfc(const char *text);
bool is_ascii(const char *text); /* then it is in NFC already */
/* All items of a list. */
void text_list_nfc(TextList *list);
