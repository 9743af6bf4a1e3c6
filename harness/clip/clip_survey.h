/* What a CLIP's checkpoint holds and lacks, from its header and configuration alone: no weight is read.
 *
 *     ClipSurvey s;
 *     if (clip_survey("models/RN50", &s, err)) ... s.missing ...
 *     clip_survey_free(&s); */
#pragma once

#include "harness/clip/clip.h"

typedef struct ClipSurvey {
    const char *layout; /* as palbench ls layouts has it */
    ClipConfig config;
    TensorFile *tensors;
    TextList missing, unknown; /* tensors: asked for and not there; there and never asked for */
    TextList wrong;            /* sentences on those whose shape or type does not fit */
} ClipSurvey;

/* Fails where clip_open fails before it reads weights, but not on missing, superfluous and ill-shaped tensors. */
bool clip_survey(const char *path, ClipSurvey *s, Error *err);
/* A lone text tower (clip_text_from_tensors); the tensors are taken over. */
bool clip_survey_text(TensorFile *tensors, const char *path, const char *config_json, ClipSurvey *s, Error *err);
void clip_survey_free(ClipSurvey *s);
/* "RN50", "ViT-B-16", ..., "ViT-L-14 text tower", or sizes where it is none of the published. Caller frees. */
char *clip_architecture(const ClipConfig *config);
