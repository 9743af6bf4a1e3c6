/* HDF5 files: our own by the stage that wrote them, other people's by the names and shapes of what is in them. */
#include "harness/inspect/inspect_internal.h"
#include "harness/io/artifact.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_hdf5(const char *path)
{
    static const unsigned char signature[] = "\x89HDF\r\n\x1a\n";
    unsigned char bytes[8] = {0};
    FILE *file = fopen(path, "rb");
    if (!file) return false;
    const bool same =
        fread(bytes, 1, sizeof bytes, file) == sizeof bytes && memcmp(bytes, signature, sizeof bytes) == 0;
    fclose(file);
    return same;
}

/* "global [500, 512] float" */
static void note_shape(const ArtifactReader *r, const char *name, Inspection *i)
{
    static const char *const types[] = {"floats", "integers", "texts", "something else"};
    ArtifactShape s;
    Error why;
    Text text = {0};
    if (!artifact_shape(r, name, &s, &why)) {
        inspection_note(i, "%s", why.text);
        return;
    }
    text_addf(&text, "%.80s [", name);
    for (int k = 0; k < s.rank; k++) text_addf(&text, "%s%zu", k ? ", " : "", s.dim[k]);
    text_addf(&text, "] of %s", types[s.type]);
    inspection_note(i, "%s", text.data);
    text_free(&text);
}

static void note_attributes(const ArtifactReader *r, Inspection *i)
{
    static const char *const names[] = {"experiment", "method",  "dataset",   "model",
                                        "protocol",   "setting", "scheduler", "size"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        char *value = NULL;
        Error unread;
        if (artifact_has_attribute(r, names[k]) && artifact_attribute_get_text(r, names[k], &value, &unread))
            inspection_note(i, "%s: %.200s", names[k], value);
        free(value);
    }
    double map;
    Error unread;
    if (artifact_has_attribute(r, "map") && artifact_attribute_get_number(r, "map", &map, &unread))
        inspection_note(i, "map: %.4f", map);
}

/* What it holds, by its names, and what reads that. */
static void classify(const ArtifactReader *r, const char *path, Inspection *i)
{
    const bool labels = artifact_has(r, "labels"), scores = artifact_has(r, "scores") || artifact_has(r, "ranks"),
               global = artifact_has(r, "global");
    char *stage = NULL;
    Error unread;
    if (artifact_has_attribute(r, "stage") && !artifact_attribute_get_text(r, "stage", &stage, &unread)) stage = NULL;
    if (scores && labels) {
        inspection_begin(i, "result", stage ? stage : "scores");
        inspection_use(i, "palbench eval %s", path);
    } else if (stage) {
        inspection_begin(i, "artifact", stage);
    } else if (artifact_has(r, "images") && artifact_has(r, "captions")) {
        inspection_begin(i, "artifact", "generate");
    } else if (global) {
        inspection_begin(i, "artifact", artifact_has(r, "texts") ? "encode-text" : "encode-image");
    } else if (artifact_has(r, "noise")) {
        inspection_begin(i, "artifact", "noise");
        inspection_use(i, "palbench generate --model DIR --noise %s --prompt TEXT", path);
    } else if (labels) {
        inspection_begin(i, "result", "labels");
        inspection_use(i, "palbench eval %s --scores NAME", path);
    } else if (artifact_has(r, "latents") || artifact_has(r, "sample") || artifact_has(r, "tokens")) {
        inspection_begin(i, "artifact", "probe");
        inspection_use(i, "palbench probe PART --model DIR --in %s --out F.h5", path);
    } else if (artifact_has_attribute(r, "palbench_version")) {
        inspection_begin(i, "artifact", "palbench");
    } else {
        inspection_refuse(
            i, "an HDF5 file without scores, labels, features or pictures under the names of results/README.md");
    }
    free(stage);
}

bool inspect_artifact(const char *file, Inspection *i)
{
    Error why;
    if (!is_hdf5(file)) return false;
    inspection_begin(i, "artifact", "hdf5");
    ArtifactReader *r = artifact_open(file, &why);
    TextList names = {0};
    if (!r || !artifact_names(r, &names)) {
        inspection_refuse(i, r ? "the list of its data sets is damaged" : why.text);
    } else {
        inspection_begin(i, "unknown", "hdf5");
        classify(r, file, i);
        note_attributes(r, i);
        for (size_t k = 0; k < names.count; k++) note_shape(r, names.items[k], i);
    }
    text_list_free(&names);
    artifact_close(r);
    return true;
}
