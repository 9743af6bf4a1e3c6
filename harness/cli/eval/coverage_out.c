/* Features of any length are compared as directions, which is what CLIP's are. */
#include "harness/cli/eval/coverage_out.h"

#include "harness/cli/json_out.h"
#include "harness/cli/table.h"
#include "harness/score/coverage.h"
#include "harness/stages/features.h"

static bool compare(const Cli *cli, const ImageFeatures *real, const ImageFeatures *generated, size_t nearest,
                    Error *err)
{
    Coverage c;
    if (!coverage_compute(&c, real->global, real->count, generated->global, generated->count, real->width, nearest,
                          err))
        return false;
    if (cli->json) {
        cJSON *root = cJSON_CreateObject();
        cJSON_AddNumberToObject(root, "real", (double)real->count);
        cJSON_AddNumberToObject(root, "generated", (double)generated->count);
        cJSON_AddNumberToObject(root, "nearest", (double)nearest);
        json_out_number(root, "density", c.density);
        json_out_number(root, "coverage", c.coverage);
        json_out_number(root, "precision", c.precision);
        json_out_number(root, "recall", c.recall);
        json_out_print(root);
        return true;
    }
    Table t = {0};
    table_head(
        &t, (const char *const[]){"generated", "real", "nearest", "density", "coverage", "precision", "recall", NULL});
    const size_t counts[] = {generated->count, real->count, nearest};
    for (size_t i = 0; i < 3; i++) table_cell(&t, "%zu", counts[i]);
    const double values[] = {c.density, c.coverage, c.precision, c.recall};
    for (size_t i = 0; i < 4; i++) table_cell(&t, "%.4f", values[i]);
    table_print(&t, stdout);
    table_free(&t);
    return true;
}

bool coverage_evaluate(const Cli *cli, const char *generated, const char *real, Error *err)
{
    size_t nearest;
    ImageFeatures ours = {0}, theirs = {0};
    if (!cli_size(cli, "nearest", COVERAGE_NEAREST, 1, 1000, &nearest, err)) return false;
    bool good = image_features_read(generated, false, "", 0, &ours, err) &&
                image_features_read(real, false, "", 0, &theirs, err);
    if (good && ours.width != theirs.width)
        good = fail(err, "%s: features of width %zu, but those of %s have %zu; encode both with one model", generated,
                    ours.width, real, theirs.width);
    if (good) {
        coverage_unit_rows(ours.global, ours.count, ours.width);
        coverage_unit_rows(theirs.global, theirs.count, theirs.width);
        good = compare(cli, &theirs, &ours, nearest, err);
    }
    image_features_free(&ours);
    image_features_free(&theirs);
    return good;
}
