/* Numbers that papers report, from results/published/numbers.json (results/published/README.md says what stands in it), and whether a
 * stored result was measured the same way.
 *
 *     PublishedNumbers numbers;
 *     if (!published_open(&numbers, "results/published", err)) return false;
 *     for (size_t i = 0; i < numbers.count; i++)
 *         if (published_fit(&numbers.items[i], result, &why) == PUBLISHED_SAME) ...
 *     published_close(&numbers);
 *
 * A number is one method on one data set under one protocol. What its source does not say of the protocol is null in the file, and
 * never taken for the same. */
#pragma once

#include "harness/io/json.h"
#include "harness/results/results.h"

typedef struct PublishedNumber {
    const char *label;  /* what its source calls the method */
    const char *method; /* ours of the same name, NULL: there is none */
    const char *backbone, *dataset, *setting;
    const char *protocol; /* its name in the file */
    const char *title;    /* of the source */
    const char *remark;   /* or NULL */
    Json fields;          /* of the protocol */
    Json options;         /* in which its options differ from the method's defaults; node NULL: in none */
    double map;           /* percent; the mean over `seeds` numbers */
    size_t seeds, images; /* images 0: not said */
} PublishedNumber;

typedef struct PublishedNumbers {
    JsonFile *file;
    PublishedNumber *items;
    size_t count, capacity;
    TextList without, why; /* methods that have no number, and beside them why */
} PublishedNumbers;

/* FOLDER/numbers.json. Fails on unknown keys, sources and protocols, wrong types. */
bool published_open(PublishedNumbers *numbers, const char *folder, Error *err);
void published_close(PublishedNumbers *numbers);

typedef enum PublishedFit {
    PUBLISHED_ELSEWHERE, /* another method, variant, data set, backbone or setting */
    PUBLISHED_DIFFERS,   /* the same, measured in another way or in one that is not fully known */
    PUBLISHED_SAME
} PublishedFit;
/* Appends to `why` (or NULL) what differs: "epoch best-on-test there, last here; size not stated". A result of a rehearsal or one
 * that does not say how it was measured is never the same. */
PublishedFit published_fit(const PublishedNumber *number, const StoredResult *result, Text *why);
