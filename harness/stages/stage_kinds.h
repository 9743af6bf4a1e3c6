/* The kinds of stages, in the order in which an experiment takes them, and what determines each beside its inputs.
 * Every parameter is described (StageKind.describe, in the kind's own file) and made use of from here alone, so that
 * what is hashed and what is done cannot differ; where a parameter is something open, its fingerprint is described.
 * What is open lives as long as the session, strings as long as the experiments. */
#pragma once

#include "datasets/own_features.h"
#include "harness/stages/generator.h"
#include "harness/stages/stage.h"

/* stage_captions.c: a data set's captions or sentences with their labels. No inputs. */
typedef struct CaptionsParameters {
    Dataset *dataset;
    const Captions *source; /* its captions, or its sentences */
    const char *label_rule; /* "published", "plural" */
    const char *templates;  /* set of one-hot template sentences behind them; NULL: none */
} CaptionsParameters;

/* stage_encode_text.c: their features. ROLE_CAPTIONS. */
typedef struct EncodeTextParameters {
    const OpenModel *model;
    bool half; /* local features are stored as float16, and in shards */
} EncodeTextParameters;

/* stage_choose.c: captions that pictures are drawn from. ROLE_CAPTIONS. */
typedef struct ChooseParameters {
    size_t captions; /* asked for; there may be fewer */
    uint64_t seed;
} ChooseParameters;

/* stage_generate.c: the pictures. ROLE_CHOSEN. */
typedef struct GenerateParameters {
    Generator generator;
    size_t images_per_caption;
} GenerateParameters;

/* stage_encode_image.c: features of pictures. ROLE_DRAWN, or ROLE_CAPTIONS for the data set's own, or no input for a
 * split. */
typedef struct EncodeImageParameters {
    const OpenModel *model;
    Dataset *dataset;
    EncodeOptions encode;
    const Split *split; /* NULL: not a split's */
    SplitName split_name;
    const Captions *own;    /* with the files of its pictures; NULL: not these */
    Preprocessing pictures; /* what happens to them under these options */
    bool half;              /* local features are stored as float16 */
} EncodeImageParameters;

/* stage_features.c: features that the data set brings, in place of encoding. ROLE_CAPTIONS for those of captions. */
typedef struct FeaturesParameters {
    Dataset *dataset;
    const FeatureRows *rows;
    FeaturesOf which;
} FeaturesParameters;

/* stage_select.c: what the experiment's setting and the seed show of the training split. No inputs. */
typedef struct SelectParameters {
    Dataset *dataset;
    const Split *split;
    char mask[65]; /* digest of the setting's mask file; empty: it is drawn */
} SelectParameters;

/* stage_train.c: what the experiment's method learns. The inputs that its needs() name: ROLE_CAPTIONS and ROLE_TEXTS,
 * ROLE_TRAIN_IMAGES and ROLE_SELECTION, ROLE_GENERATED, ROLE_CLASS_TEXT. stage_score.c: its scores. ROLE_TEST_IMAGES and ROLE_TRAINED,
 * or of a method that does not train the inputs that training has. */
typedef struct MethodParameters {
    const OpenModel *model;
    Dataset *dataset;
} MethodParameters;

/* stage_rescore.c: scores of other results, mixed or processed; under the name of stage_score, for a result is a result.
 * ROLE_FIRST_MEMBER, of an ensemble ROLE_SECOND_MEMBER, and ROLE_CAPTIONS where the method asks for their labels. */
typedef struct RescoreParameters {
    Dataset *dataset; /* NULL: not opened, for all members are stored results, with labels of their own */
    char *setting;    /* what they were shown; owned */
} RescoreParameters;

/* stage_judge.c: how recognisable a generator's pictures are. No inputs. */
typedef struct JudgeParameters {
    Generator generator;
    char judge[65]; /* digest of the judge's weights */
    size_t captions;
} JudgeParameters;

extern const StageKind stage_captions, stage_encode_text, stage_features, stage_choose, stage_generate,
    stage_encode_image, stage_select, stage_train, stage_score, stage_rescore, stage_judge;

/* Whether it holds an experiment's result: scores, of a method on images or on scores of others. */
bool stage_is_result(const Stage *s);
