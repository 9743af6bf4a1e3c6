/* The file is read once into a flat list, a number a method and data set. A result is then compared member by member:
 * options against the method's defaults and what the number says of them, the protocol as run against the published
 * one's keys. A key that cannot matter (difficult objects where there are none, an epoch where nothing is trained) is
 * passed over. */
#include "harness/results/published_numbers.h"

#include "harness/io/json_keys.h"
#include "methods/shared/method.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const number_keys[] = {"label",  "method", "options", "backbone", "setting", "protocol",
                                          "source", "place",  "map",     "images",   "remark",  NULL};
static const char *const protocol_words[] = {"split",         "difficult", "size",  "resize",
                                             "pool_position", "test_set",  "epoch", NULL};

/* ---- reading ---- */

static bool read_map(PublishedNumber *n, Json value, Error *err)
{
    if (!json_is_array(value)) {
        n->seeds = 1;
        return json_as_number(value, &n->map, err);
    }
    double sum = 0, one;
    n->seeds = json_count(value);
    for (size_t i = 0; i < n->seeds; i++) {
        if (!json_as_number(json_at(value, i), &one, err)) return false;
        sum += one;
    }
    n->map = sum / (double)n->seeds;
    return n->seeds || json_fail(value, err, "the list is empty");
}

static void append(PublishedNumbers *p, PublishedNumber n)
{
    if (p->count == p->capacity) {
        p->capacity = p->capacity ? 2 * p->capacity : 64;
        p->items = xrealloc(p->items, p->capacity * sizeof *p->items);
    }
    p->items[p->count++] = n;
}

/* One number a data set of the entry. */
static bool read_maps(PublishedNumbers *p, PublishedNumber n, Json entry, Error *err)
{
    Json maps;
    const Json images = json_get(entry, "images");
    if (!json_object(entry, "map", &maps, err)) return false;
    if (!json_count(maps) && n.method && n.remark) {
        text_list_add(&p->without, n.method);
        text_list_add(&p->why, n.remark);
    }
    for (size_t i = 0; i < json_count(maps); i++) {
        int64_t count = 0;
        n.dataset = json_key(json_at(maps, i));
        if (!read_map(&n, json_at(maps, i), err)) return false;
        if (images.node && !json_integer_or(images, n.dataset, 0, &count, err)) return false;
        n.images = count > 0 ? (size_t)count : 0;
        append(p, n);
    }
    return true;
}

static bool read_number(PublishedNumbers *p, Json root, Json entry, Error *err)
{
    PublishedNumber n = {0};
    Json sources, protocols, source;
    const char *name;
    if (!json_only_keys(entry, number_keys, err) || !json_string(entry, "label", &n.label, err) ||
        !json_string_or(entry, "method", NULL, &n.method, err) ||
        !json_string_or(entry, "backbone", "", &n.backbone, err) ||
        !json_string_or(entry, "setting", "zero-shot", &n.setting, err) ||
        !json_string_or(entry, "remark", NULL, &n.remark, err) ||
        !json_string_or(entry, "protocol", NULL, &n.protocol, err) || !json_string(entry, "source", &name, err) ||
        !json_object(root, "sources", &sources, err) || !json_object(sources, name, &source, err) ||
        !json_string(source, "title", &n.title, err) || !json_object(root, "protocols", &protocols, err))
        return false;
    n.options = json_get(entry, "options");
    if (n.protocol &&
        (!json_object(protocols, n.protocol, &n.fields, err) || !json_only_keys(n.fields, protocol_words, err)))
        return false;
    return read_maps(p, n, entry, err);
}

bool published_open(PublishedNumbers *p, const char *folder, Error *err)
{
    char *path = path_join(folder, "numbers.json");
    *p = (PublishedNumbers){.file = json_read(path, err)};
    free(path);
    Json list, root;
    bool good = p->file != NULL;
    if (good) root = json_root(p->file), good = json_array(root, "numbers", &list, err);
    for (size_t i = 0; good && i < json_count(list); i++) good = read_number(p, root, json_at(list, i), err);
    if (!good) published_close(p);
    return good;
}

void published_close(PublishedNumbers *p)
{
    if (p->file) json_free(p->file);
    free(p->items);
    text_list_free(&p->without);
    text_list_free(&p->why);
    *p = (PublishedNumbers){0};
}

/* ---- comparing ---- */

/* The value of an option that a description leaves out: the one from before the method had it, or its default. */
static bool is_default(const Option *o, const cJSON *value)
{
    if (!value) return true;
    if (o->fallback_text) return cJSON_IsString(value) && strcmp(value->valuestring, o->fallback_text) == 0;
    const double number = cJSON_IsBool(value) ? cJSON_IsTrue(value) : cJSON_GetNumberValue(value);
    return fabs(number - o->fallback) <= 1e-12 * fabs(o->fallback);
}

/* Whether the result's options are the published ones: the defaults, but for what the number says. */
static bool same_options(const PublishedNumber *n, const Method *method, const char *text)
{
    cJSON *options = cJSON_Parse(text);
    bool same = options != NULL;
    for (const Option *o = method->options; o && o->name && same; o++) {
        const cJSON *own = cJSON_GetObjectItemCaseSensitive(options, o->name),
                    *said = cJSON_GetObjectItemCaseSensitive(n->options.node, o->name);
        same = said ? own && cJSON_Compare(own, said, true) : is_default(o, own);
    }
    cJSON_Delete(options);
    return same;
}

/* What the published protocol says under a key for this data set: a value a data set, or one for all. */
static const cJSON *field_of(const PublishedNumber *n, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(n->fields.node, key);
    return cJSON_IsObject(value) ? cJSON_GetObjectItemCaseSensitive(value, n->dataset) : value;
}

static bool matters(const PublishedNumber *n, const Method *method, const char *key)
{
    const bool voc = strncmp(n->dataset, "voc", 3) == 0;
    if (strcmp(key, "difficult") == 0) return voc;
    if (strcmp(key, "test_set") == 0) return !voc;
    if (strcmp(key, "pool_position") == 0) return strncmp(n->backbone, "ViT", 3) != 0;
    return strcmp(key, "epoch") != 0 || method->train;
}

static char *value_text(const cJSON *value)
{
    return cJSON_IsString(value) ? xstrdup(value->valuestring) : json_canonical(value);
}

static void add_reason(Text *why, const char *key, const cJSON *there, const cJSON *here)
{
    if (!why) return;
    text_add(why, why->length ? "; " : "");
    if (!there || cJSON_IsNull(there)) {
        text_addf(why, "%s not stated", key);
        return;
    }
    char *a = value_text(there), *b = here ? value_text(here) : xstrdup("not known");
    text_addf(why, "%s %s there, %s here", key, a, b);
    free(a), free(b);
}

/* A test set that a protocol does not name is the official one. */
static const cJSON *own_field(const cJSON *as_run, const char *key, const cJSON *official)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(as_run, key);
    return value && !cJSON_IsNull(value) ? value : strcmp(key, "test_set") == 0 ? official : NULL;
}

static bool same_protocol(const PublishedNumber *n, const StoredResult *r, const Method *method, Text *why)
{
    cJSON *as_run = cJSON_Parse(r->as_run ? r->as_run : "{}"), *official = cJSON_CreateString("official");
    bool same = true;
    for (size_t i = 0; protocol_words[i]; i++) {
        const char *key = protocol_words[i];
        const cJSON *there = field_of(n, key), *here = own_field(as_run, key, official);
        if (!matters(n, method, key) || (there && here && cJSON_Compare(there, here, true))) continue;
        add_reason(why, key, there, here);
        same = false;
    }
    cJSON_Delete(official);
    cJSON_Delete(as_run);
    return same;
}

static bool is_same_thing(const PublishedNumber *n, const StoredResult *r, const Method *method)
{
    return n->method && method && strcmp(n->method, r->method) == 0 && r->kind && strcmp(n->dataset, r->kind) == 0 &&
           r->clip && strcmp(n->backbone, r->clip) == 0 && strcmp(n->setting, r->setting) == 0 &&
           same_options(n, method, r->options);
}

PublishedFit published_fit(const PublishedNumber *n, const StoredResult *r, Text *why)
{
    const Method *method = method_find(r->method);
    if (!is_same_thing(n, r, method)) return PUBLISHED_ELSEWHERE;
    bool same = same_protocol(n, r, method, why);
    if (r->limit) {
        if (why) text_addf(why, "%sa rehearsal with at most %zu images here", why->length ? "; " : "", r->limit);
        same = false;
    } else if (n->images && n->images != r->images) {
        if (why) text_addf(why, "%s%zu test images there, %zu here", why->length ? "; " : "", n->images, r->images);
        same = false;
    }
    return same ? PUBLISHED_SAME : PUBLISHED_DIFFERS;
}
