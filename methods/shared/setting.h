/* Settings: how much of the labels of the training images a method may see (methods/DEFINITIONS.md, "Settings"). A
 * setting is part of every result, beside the protocol.
 *
 * experiments.json: "setting": "zero-shot", "full", "single_positive", {"few_shot": 4}, {"partial": 0.1} or {"partial": "masks/10.txt"}. When it says
 * nothing, zero-shot, or full for a method that has no zero-shot; a method that asks for labelled images under its options
 * (needs()) is refused in zero-shot. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef enum SettingKind {
    SETTING_ZERO_SHOT, /* no labelled image */
    SETTING_FEW_SHOT,  /* a seeded draw of so many images a class, all labels of theirs */
    SETTING_PARTIAL,   /* every training image, but only a seeded share of its labels, or those of a mask file */
    SETTING_FULL,      /* every training image with all of its labels */
    SETTING_SINGLE, /* every training image with one of its positives, a seeded draw; all else is taken for negative */
    SETTING_COUNT
} SettingKind;

/* Bits of Method.settings. */
enum {
    ZERO_SHOT = 1 << SETTING_ZERO_SHOT,
    FEW_SHOT = 1 << SETTING_FEW_SHOT,
    PARTIAL_LABELS = 1 << SETTING_PARTIAL,
    FULL_LABELS = 1 << SETTING_FULL,
    SINGLE_POSITIVE = 1 << SETTING_SINGLE,
    LABELLED = FEW_SHOT | PARTIAL_LABELS | FULL_LABELS | SINGLE_POSITIVE
};

typedef struct Setting {
    SettingKind kind;
    size_t shots;     /* SETTING_FEW_SHOT: images a class */
    double known;     /* SETTING_PARTIAL: share of the labels that are known, in (0, 1] */
    const char *mask; /* SETTING_PARTIAL: path of a mask file; NULL: drawn */
} Setting;
