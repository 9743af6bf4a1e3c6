/* Files are looked into before anything is read of them: names and shapes, so that what does not fit is told when a plan is
 * made. Only labels and names are read here; the features themselves are read by the stage that takes them over. */
#include "datasets/own_features_internal.h"
#include "harness/base/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t width_most = 1 << 16;

/* ---- what an entry says ---- */

/* "[FROM:TO]" at the end of `text`, which is cut off. */
static bool take_range(char *text, FeaturePlace *place)
{
    const size_t length = strlen(text);
    char *open = strrchr(text, '['), *end;
    if (!length || text[length - 1] != ']' || !open) return true;
    const unsigned long long from = strtoull(open + 1, &end, 10);
    if (end == open + 1 || *end != ':') return false;
    char *second = end + 1;
    const unsigned long long to = strtoull(second, &end, 10);
    if (end == second || strcmp(end, "]") != 0 || to <= from || strchr(open, '-')) return false;
    place->from = (size_t)from, place->to = (size_t)to;
    *open = 0;
    return true;
}

bool feature_place_read(Dataset *d, const DatasetSource *source, const char *key, FeaturePlace *place, Error *err)
{
    const char *said;
    *place = (FeaturePlace){0};
    if (!json_string_or(source->config, key, NULL, &said, err)) return false;
    if (!said) return true;
    char *text = arena_strdup(&d->arena, said);
    if (!take_range(text, place))
        return json_fail(json_get(source->config, key), err,
                         "\"F.h5:NAME[FROM:TO]\" is needed, rows counted from 0, TO not among them; this is \"%s\"",
                         said);
    char *colon = strrchr(text, ':');
    place->name = "global";
    if (colon && !strchr(colon, '/') && colon[1]) *colon = 0, place->name = colon + 1;
    char *path = path_join(source->folder, text);
    place->path = arena_strdup(&d->arena, path);
    free(path);
    return true;
}

/* ---- shapes ---- */

static bool check_rows(const FeaturePlace *place, size_t stored, FeatureRows *rows, Error *err)
{
    rows->first = place->from;
    rows->count = (place->to ? place->to : stored) - place->from;
    if (place->to <= stored && rows->count) return true;
    return fail(err, "%s: %s: it has %zu rows, %zu to %zu are asked for; correct the entry", place->path, place->name,
                stored, place->from, place->to);
}

static bool inspect_global(const ArtifactReader *r, const FeaturePlace *place, FeatureRows *rows, Error *err)
{
    ArtifactShape s;
    if (!artifact_has(r, place->name))
        return fail(err, "%s: there is no data set \"%s\" in it; name another by \"F.h5:NAME\"", place->path,
                    place->name);
    if (!artifact_shape(r, place->name, &s, err)) return false;
    if (s.type != ARTIFACT_FLOAT || s.rank != 2 || !s.count || s.dim[1] > width_most)
        return fail(err, "%s: %s: features [rows, width] of floats are needed; write them so", place->path,
                    place->name);
    rows->width = s.dim[1];
    return check_rows(place, s.dim[0], rows, err);
}

/* A feature map of so many positions: `grid` of the file, a square, or a row. */
static bool read_grid(const ArtifactReader *r, FeatureRows *rows, Error *err)
{
    size_t side = 1, dim[1] = {2};
    while (side * side < rows->positions) side++;
    rows->rows = side * side == rows->positions ? side : 1;
    rows->columns = rows->positions / rows->rows;
    if (!artifact_has(r, "grid")) return true;
    int32_t *grid;
    if (!artifact_read_int32(r, "grid", 1, dim, &grid, err)) return false;
    const bool good = grid[0] > 0 && grid[1] > 0 && (size_t)grid[0] * (size_t)grid[1] == rows->positions;
    if (good) rows->rows = (size_t)grid[0], rows->columns = (size_t)grid[1];
    free(grid);
    return good || fail(err, "%s: grid does not have the %zu positions of local; leave it out, or write it anew",
                        artifact_path(r), rows->positions);
}

/* `local` belongs to `global`; a file with several kinds of features has none for the others. */
static bool inspect_local(const ArtifactReader *r, FeaturesOf which, const FeaturePlace *place, FeatureRows *rows,
                          Error *err)
{
    ArtifactShape s, all;
    if (strcmp(place->name, "global") != 0 || which == FEATURES_CLASSES || !artifact_has(r, "local")) return true;
    if (!artifact_shape(r, "local", &s, err) || !artifact_shape(r, "global", &all, err)) return false;
    if (which == FEATURES_CAPTIONS && s.rank == 2 && s.dim[1] == rows->width && artifact_has(r, "offsets")) {
        rows->tokens = true;
        return true;
    }
    if (which == FEATURES_CAPTIONS || s.rank != 3 || s.dim[0] != all.dim[0] || s.dim[2] != rows->width || !s.dim[1])
        return fail(err,
                    "%s: local does not fit global: images have [rows, positions, width], captions [tokens, width] and "
                    "offsets; leave it "
                    "out, or write it anew",
                    place->path);
    rows->positions = s.dim[1];
    return read_grid(r, rows, err);
}

/* Columns are known by their order; a file that names them must name ours. */
static bool check_classes(const Dataset *d, const ArtifactReader *r, Error *err)
{
    TextList names = {0};
    if (!artifact_has(r, "classes")) return true;
    bool good = artifact_read_texts(r, "classes", &names, err);
    if (good && names.count != d->class_count)
        good = fail(err, "%s: it has %zu classes, the data set %s %zu; bring one into line with the other",
                    artifact_path(r), names.count, d->name, d->class_count);
    for (size_t c = 0; good && c < d->class_count; c++)
        if (strcmp(names.items[c], d->classes[c].names[0]) != 0)
            good = fail(err, "%s: class %zu is \"%s\", of the data set %s \"%s\"; bring one into line with the other",
                        artifact_path(r), c, names.items[c], d->name, d->classes[c].names[0]);
    text_list_free(&names);
    return good;
}

static bool fingerprint(const FeaturePlace *place, FeatureRows *rows, Error *err)
{
    char digest[65], range[64];
    if (!hash_file(place->path, digest, err)) return false;
    Hash *hash = hash_new();
    snprintf(range, sizeof range, "%zu %zu", rows->first, rows->count);
    hash_add_text(hash, digest);
    hash_add_text(hash, place->name);
    hash_add_text(hash, range);
    hash_finish(hash, rows->fingerprint);
    return true;
}

bool feature_rows_inspect(Dataset *d, FeaturesOf which, const FeaturePlace *place, FeatureRows *rows, Error *err)
{
    *rows = (FeatureRows){.path = place->path, .name = place->name};
    ArtifactReader *r = artifact_open(place->path, err);
    if (!r) return false;
    bool good = inspect_global(r, place, rows, err) && inspect_local(r, which, place, rows, err) &&
                check_classes(d, r, err) && fingerprint(place, rows, err);
    if (good && which == FEATURES_CLASSES && rows->count != d->class_count)
        good = fail(err, "%s: %s: %zu rows for the %zu classes of %s; a row a class is needed", place->path,
                    place->name, rows->count, d->class_count, d->name);
    artifact_close(r);
    return good;
}

/* ---- labels and names ---- */

bool feature_labels_read(const Dataset *d, const ArtifactReader *r, const FeatureRows *rows, int8_t **labels,
                         Error *err)
{
    size_t dim[2] = {0, d->class_count};
    int8_t *all;
    if (!artifact_has(r, "labels"))
        return fail(err,
                    "%s: there are no \"labels\" [rows, classes] in it; write them there, or name a sheet of them as "
                    "\"labels\" of the entry",
                    artifact_path(r));
    if (!artifact_read_int8(r, "labels", 2, dim, &all, err)) return false;
    bool is_signed = false, good = rows->first + rows->count <= dim[0];
    if (!good) fail(err, "%s: labels: it has %zu rows, the features more; write both anew", artifact_path(r), dim[0]);
    for (size_t i = 0; good && i < dim[0] * dim[1]; i++) {
        is_signed = is_signed || all[i] < 0;
        if (all[i] < -1 || all[i] > 1)
            good = fail(err, "%s: labels: row %zu, class %zu is %d; 1, -1 and 0 are allowed", artifact_path(r),
                        i / dim[1], i % dim[1], all[i]);
    }
    good = good && big_alloc(labels, rows->count * dim[1], 1, "labels", err);
    if (good) memcpy(*labels, all + rows->first * dim[1], rows->count * dim[1]);
    for (size_t i = 0; good && !is_signed && i < rows->count * dim[1]; i++)
        if ((*labels)[i] == 0) (*labels)[i] = -1;
    free(all);
    return good;
}

bool feature_names_read(Dataset *d, const ArtifactReader *r, const FeatureRows *rows, const char *name,
                        const char ***texts, Error *err)
{
    TextList all = {0};
    const bool named = artifact_has(r, name);
    if (named && !artifact_read_texts(r, name, &all, err)) return false;
    const bool good =
        !named || all.count >= rows->first + rows->count ||
        fail(err, "%s: %s: it has %zu rows, the features more; write both anew", artifact_path(r), name, all.count);
    *texts = good ? arena_alloc(&d->arena, (rows->count + 1) * sizeof **texts) : NULL;
    for (size_t i = 0; good && i < rows->count; i++)
        (*texts)[i] = named ? arena_strdup(&d->arena, all.items[rows->first + i])
                            : arena_format(&d->arena, "row %zu", rows->first + i);
    text_list_free(&all);
    return good;
}
