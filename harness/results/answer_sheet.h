/* What scores are judged by: images, classes and labels of a score file. Two score sets can be compared only when theirs are the
 * same. */
#pragma once

#include "harness/score/score_file.h"

typedef struct AnswerSheet {
    size_t images, classes;
    int8_t *labels;       /* [images, classes] 1 positive, -1 negative, 0 difficult */
    TextList class_names; /* empty: the file names none */
    TextList files;       /* empty: the file names none */
    bool knows_difficult; /* the file has -1, so that 0 means difficult */
} AnswerSheet;

/* Labels of 1 and 0 alone become 1 and -1: such a file knows no difficult ones. Fails on lists of another length than the labels.
 * Free with answer_sheet_free. */
bool answer_sheet_read(AnswerSheet *sheet, const ScoreFile *file, Error *err);
void answer_sheet_free(AnswerSheet *sheet);

/* The name of a class, or "class 3" in the caller's room. */
const char *answer_sheet_class(const AnswerSheet *sheet, size_t class, char room[32]);

/* Fails (exit status 2) unless both are the same; the sentence names `a` and `b` and says what differs. Names that only one of them
 * has are passed over. */
bool answer_sheets_agree(const AnswerSheet *a, const char *name_a, const AnswerSheet *b, const char *name_b,
                         Error *err);
