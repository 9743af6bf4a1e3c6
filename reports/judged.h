/* What an independent classifier sees in generated single objects: a sheet with one of each class, a sentence, a table. */
#pragma once

#include "reports/section.h"

/* Of the stored judgements (stage "judge") of the model that drew the images of `generated`, the newest; none: adds nothing. */
bool judged_add(const SectionInput *in, const char *generated, size_t column, Section *out, Error *err);

/* "ddim, 25 steps, guidance 4, 64x64" from the attributes of a file of generated images, as far as they are there; caller frees. */
char *generator_settings(const ArtifactReader *r);
