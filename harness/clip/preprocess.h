/* From a picture to the image tower's input: RGB, resized, cut or padded to a square, scaled, normalised. How, stands with the
 * checkpoint: OpenAI's way (bicubic, shorter side to the tower's size, central square, (x/255 - mean)/std) unless its
 * configuration says otherwise. What is asked for on the command line or by a protocol wins over the checkpoint's resizing and
 * sizes; its filter, scaling and normalisation stay.
 *
 *     Preprocessing p;
 *     preprocessing_for(&clip->config.preprocessing, clip->config.image_size, size, rule, &p, err);
 *     preprocess(&image, &p, values, err);                  // values [p.side, p.side, 3]
 *
 * Pictures become RGB before anything else, as transformers does it and as data sets' loaders do. */
#pragma once

#include "harness/clip/resample.h"

typedef enum ResizeRule {
    RESIZE_OF_MODEL, /* as the checkpoint's configuration says; without one as RESIZE_CROP */
    RESIZE_CROP,     /* shorter side to `size`, then the central size x size square */
    RESIZE_STRETCH   /* both sides to `size`, whatever the shape */
} ResizeRule;

typedef enum FitRule {
    FIT_SHORTER, /* the shorter side becomes `width` (torchvision's Resize(int), transformers' shortest_edge) */
    FIT_STRETCH, /* width x height, whatever the shape (height and width; open_clip's squash) */
    FIT_LONGER,  /* the longer side becomes `width` (open_clip's longest) */
    FIT_NOT      /* as it is (do_resize false) */
} FitRule;

typedef struct Preprocessing {
    FitRule fit;
    size_t width, height; /* 0: the size asked for */
    PixelFilter filter;
    bool cut;        /* to the central square, padded with `fill` where the picture is smaller */
    size_t cut_side; /* 0: the size asked for */
    bool cut_rounds; /* half a pixel goes to the even side (torchvision, open_clip), else towards the left and top edge
                            (transformers) */
    uint8_t fill;
    bool scales; /* times `factor`, 1/255 as a rule */
    double factor;
    bool normalises; /* minus mean, over std */
    float mean[3], std[3];
    const char *source; /* the file's name that says so, for sentences (not owned); NULL: none does */
    size_t side;        /* of the result; filled in by preprocessing_for */
} Preprocessing;

/* OpenAI's, for any size. */
Preprocessing preprocessing_standard(void);

/* What happens to a picture at the size asked for (0: `tower`, the tower's own) under a rule: every size filled in. Fails when the
 * checkpoint's own sizes make pictures of another size than its tower takes and none is asked for; the sentence begins with the
 * configuration's name in the checkpoint's folder. */
bool preprocessing_for(const Preprocessing *model, size_t tower, size_t size, ResizeRule rule, Preprocessing *out,
                       Error *err);

/* RESIZE_CROP or RESIZE_STRETCH: the one that a filled-in preprocessing is, or is nearest to. */
ResizeRule preprocessing_rule(const Preprocessing *p);
/* One line that says what happens, NULL for OpenAI's way (and for the same stretched): for the configurations that are hashed. Mean
 * and std are left out, as the checkpoint's fingerprint covers them. Caller frees. */
char *preprocessing_words(const Preprocessing *p);

/* Resized and cut, still 8-bit RGB [side, side, 3]. Fails on a picture that does not come out as a square of that side. */
bool preprocess_square(const Image *image, const Preprocessing *p, Image *out, Error *err);
/* The same, scaled and normalised, into values [side, side, 3]. */
bool preprocess(const Image *image, const Preprocessing *p, float *values, Error *err);
