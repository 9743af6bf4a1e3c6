/* Opens the file as `eval` would, and lays the measures out in columns. */
#include "harness/results/result_measures.h"

#include "harness/base/names.h"
#include "harness/experiments/protocol.h"
#include "harness/score/score_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const MeasureColumn measure_columns[MEASURE_COLUMNS] = {
    [MEASURE_P3] = {"p3", "P@3"},
    [MEASURE_R3] = {"r3", "R@3"},
    [MEASURE_F3] = {"f3", "F1@3"},
    [MEASURE_P5] = {"p5", "P@5"},
    [MEASURE_R5] = {"r5", "R@5"},
    [MEASURE_F5] = {"f5", "F1@5"},
    [MEASURE_CF1_3] = {"cf1_top3", "CF1@3"},
    [MEASURE_LABELS] = {"map_labels_1", "1 label"},
    [MEASURE_LABELS + 1] = {"map_labels_2", "2 labels"},
    [MEASURE_LABELS + 2] = {"map_labels_3", "3 labels"},
    [MEASURE_LABELS + 3] = {"map_labels_4", "4 labels"},
    [MEASURE_LABELS + 4] = {"map_labels_5_up", "5+ labels"},
    [MEASURE_HEAD] = {"map_head", "head"},
    [MEASURE_MEDIUM] = {"map_medium", "medium"},
    [MEASURE_TAIL] = {"map_tail", "tail"},
    [MEASURE_SEEN] = {"map_seen", "seen"},
    [MEASURE_UNSEEN] = {"map_unseen", "unseen"},
    [MEASURE_HARMONIC] = {"harmonic", "harmonic"},
    [MEASURE_ECE] = {"ece", "ECE"},
    [MEASURE_ACE] = {"ace", "ACE"},
    [MEASURE_MCE] = {"mce", "MCE"},
    [MEASURE_MCE_WEIGHTED] = {"mce_weighted", "weighted MCE"},
    [MEASURE_BRIER] = {"brier", "Brier"},
    [MEASURE_ECE_CLASS] = {"ece_classwise", "ECE by class"},
    [MEASURE_ACE_CLASS] = {"ace_classwise", "ACE by class"},
    [MEASURE_MCE_CLASS] = {"mce_classwise", "MCE by class"},
};

DifficultRule result_difficult(const cJSON *config, const char *protocol, DifficultRule otherwise)
{
    const cJSON *fields =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(config, "config"), "protocol_fields");
    const char *word = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(fields, "difficult"));
    const size_t rule = word ? names_find(difficult_words, word) : NAMES_NONE;
    if (rule != NAMES_NONE) return (DifficultRule)rule;
    const Protocol *known = protocol_built_in(protocol);
    return known ? known->difficult : otherwise;
}

static double subset_of(const Measures *m, const SubsetList *subsets, const char *name)
{
    for (size_t i = 0; i < subsets->count; i++)
        if (strcmp(subsets->items[i].name, name) == 0) return m->subsets[i];
    return NAN;
}

static void lay_out(const Measures *m, const SubsetList *subsets, ResultMeasures *out)
{
    double *v = out->values;
    const Rates *three = &m->metrics.top3, *five = &m->metrics.top5;
    v[MEASURE_P3] = three->op, v[MEASURE_R3] = three->or_, v[MEASURE_F3] = three->of1, v[MEASURE_CF1_3] = three->cf1;
    v[MEASURE_P5] = five->op, v[MEASURE_R5] = five->or_, v[MEASURE_F5] = five->of1;
    for (size_t g = 0; g < LABEL_GROUPS; g++) v[MEASURE_LABELS + g] = m->groups[g].map;
    for (size_t i = MEASURE_HEAD; i <= MEASURE_UNSEEN; i++) v[i] = subset_of(m, subsets, measure_columns[i].title);
    v[MEASURE_HARMONIC] = m->harmonic;
    const CalibrationErrors *pool = &m->calibration.pooled, *class = &m->calibration.classwise;
    v[MEASURE_ECE] = pool->ece, v[MEASURE_ACE] = pool->ace, v[MEASURE_MCE] = pool->mce, v[MEASURE_BRIER] = pool->brier;
    v[MEASURE_MCE_WEIGHTED] = pool->mce_weighted;
    v[MEASURE_ECE_CLASS] = class->ece, v[MEASURE_ACE_CLASS] = class->ace, v[MEASURE_MCE_CLASS] = class->mce;
    out->sigmoid = m->calibration.sigmoid;
    out->calibrated = m->calibration.bins == CALIBRATION_BINS;
    if (out->calibrated) memcpy(out->reliability, m->calibration.reliability, sizeof out->reliability);
}

static bool measure(const ScoreFile *f, DifficultRule rule, ResultMeasures *out, Error *err)
{
    SubsetList subsets = {0};
    Measures m;
    double *scores = NULL;
    const char *usual = score_file_usual(f);
    if (!usual) return true; /* a result without scores has no measures */
    if (!score_file_set(f, usual, &scores, err)) return false;
    if (f->unseen) subset_add_unseen(&subsets, f->unseen, f->classes);
    subset_add_frequency(&subsets, f->labels, f->images, f->classes, rule);
    const MeasureOptions options = {
        .rule = rule, .best = true, .bins = CALIBRATION_BINS, .ranks = f->ranks != NULL, .subsets = &subsets};
    const bool good = measures_compute(&m, scores, f->labels, f->images, f->classes, &options, err);
    if (good) {
        lay_out(&m, &subsets, out);
        measures_free(&m);
    }
    free(scores);
    subsets_free(&subsets);
    return good || fail_in(err, artifact_path(f->reader));
}

bool result_measures(const StoredResult *r, ResultMeasures *m, Error *err)
{
    ScoreFile f;
    *m = (ResultMeasures){0};
    for (size_t i = 0; i < MEASURE_COLUMNS; i++) m->values[i] = NAN;
    if (!score_file_open(&f, r->file, err)) return false;
    cJSON *config = cJSON_Parse(r->config);
    const DifficultRule rule = result_difficult(config, r->protocol, DIFFICULT_NEGATIVE);
    cJSON_Delete(config);
    const bool good = measure(&f, f.has_negative ? rule : DIFFICULT_NEGATIVE, m, err);
    score_file_close(&f);
    return good;
}
