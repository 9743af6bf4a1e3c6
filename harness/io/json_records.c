/* A path of keys grows and shrinks with the objects; which field of a record it names is looked up once a key, so that the
 * millions of numbers of other members cost one comparison each. */
#include "harness/io/json_records.h"

#include "harness/base/memory.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

enum { BLOCK = 1 << 20, DEPTH_MOST = 64, KINDS_MOST = 8, NO_FIELD = RECORD_FIELDS };

typedef struct Walk {
    const RecordKind *kinds;
    void *context;
    Text keys;                  /* "annotations.image_id" */
    size_t lengths[DEPTH_MOST]; /* of keys, as each container began */
    bool is_object[DEPTH_MOST];
    size_t depth;
    const RecordKind *kind;    /* of the record we are in, or NULL */
    size_t record_depth, base; /* depth of its object, length of `keys` there */
    size_t field;              /* that the last key names, or NO_FIELD */
    bool later;                /* an element of the array has gone by */
    Record record;
    size_t counts[KINDS_MOST];
    Error *err;
    bool failed;
} Walk;

/* ---- the path ---- */

static const char first_only[] = "[0]";

static const char *keys_of(const Walk *w)
{
    return w->keys.data ? w->keys.data : "";
}

static void cut(Walk *w, size_t length)
{
    w->keys.length = length;
    if (w->keys.data) w->keys.data[length] = 0;
}

static void find_field(Walk *w)
{
    w->field = NO_FIELD;
    if (!w->kind || w->keys.length <= w->base) return;
    const char *name = keys_of(w) + w->base + (w->base > 0);
    for (size_t i = 0; i < RECORD_FIELDS && w->kind->fields[i]; i++) {
        const char *field = w->kind->fields[i];
        const size_t length = strlen(field) - (text_ends(field, first_only) ? strlen(first_only) : 0);
        if (strncmp(field, name, length) == 0 && !name[length]) w->field = i;
    }
}

/* Whether a value that goes by is of a field that is asked for. */
static bool is_wanted(Walk *w)
{
    const bool later = w->later;
    w->later = true;
    return w->field != NO_FIELD && !(later && text_ends(w->kind->fields[w->field], first_only));
}

/* ---- records ---- */

static void clear(Record *record)
{
    for (size_t i = 0; i < RECORD_FIELDS; i++) {
        RecordField *f = &record->fields[i];
        for (size_t k = 0; k < f->values.count; k++) free(f->values.items[k]);
        f->values.count = 0;
        f->number = f->text = false;
    }
}

/* The object that begins is a record when it stands under the key of a kind, in an array or alone. */
static void begin_record(Walk *w)
{
    const bool listed = w->depth > 0 && !w->is_object[w->depth - 1];
    const size_t above = w->depth - listed; /* containers around the array or the object */
    if (w->kind || above > 1 || (above == 1 && !w->is_object[0])) return;
    for (size_t k = 0; w->kinds[k].at; k++) {
        if (strcmp(w->kinds[k].at, keys_of(w)) != 0 || (above == 0) != (w->kinds[k].at[0] == 0)) continue;
        w->kind = &w->kinds[k];
        w->record_depth = w->depth, w->base = w->keys.length;
        w->record.at = w->kind->at, w->record.names = w->kind->fields;
        w->record.number = ++w->counts[k];
    }
}

static bool end_record(Walk *w)
{
    if (!w->kind || w->depth != w->record_depth) return true;
    const bool good = w->kind->take(w->context, &w->record, w->err);
    clear(&w->record);
    w->kind = NULL;
    if (!good) w->failed = true;
    return good;
}

/* ---- what yajl calls ---- */

static int begin(Walk *w, bool object)
{
    if (w->depth == DEPTH_MOST) {
        fail(w->err, "%s: it nests deeper than %d; that is no list of records", w->record.path, DEPTH_MOST);
        w->failed = true;
        return 0;
    }
    if (object) begin_record(w);
    w->lengths[w->depth] = w->keys.length;
    w->is_object[w->depth++] = object;
    w->later = false;
    return 1;
}

static int end(Walk *w)
{
    cut(w, w->lengths[--w->depth]);
    if (w->is_object[w->depth] && !end_record(w)) return 0;
    find_field(w);
    return 1;
}

static int on_key(void *context, const unsigned char *key, size_t length)
{
    Walk *w = context;
    cut(w, w->lengths[w->depth - 1]);
    if (w->keys.length) text_add(&w->keys, ".");
    text_add_bytes(&w->keys, (const char *)key, length);
    find_field(w);
    w->later = false;
    return 1;
}

static void keep(Walk *w, const char *text, size_t length, bool number)
{
    RecordField *f = &w->record.fields[w->field];
    text_list_add_bytes(&f->values, text, length);
    if (number)
        f->number = true;
    else
        f->text = true;
}

static int on_number(void *context, const char *text, size_t length)
{
    Walk *w = context;
    if (is_wanted(w)) keep(w, text, length, true);
    return 1;
}

static int on_text(void *context, const unsigned char *text, size_t length)
{
    Walk *w = context;
    if (!is_wanted(w)) return 1;
    if (memchr(text, 0, length)) {
        record_fail(&w->record, w->err, "\"%s\" holds a zero byte, which no text has; correct it",
                    w->record.names[w->field]);
        w->failed = true;
        return 0;
    }
    keep(w, (const char *)text, length, false);
    return 1;
}

static int on_object(void *context)
{
    return begin(context, true);
}
static int on_array(void *context)
{
    return begin(context, false);
}
static int on_end(void *context)
{
    return end(context);
}

static const yajl_callbacks callbacks = {.yajl_number = on_number,
                                         .yajl_string = on_text,
                                         .yajl_start_map = on_object,
                                         .yajl_map_key = on_key,
                                         .yajl_end_map = on_end,
                                         .yajl_start_array = on_array,
                                         .yajl_end_array = on_end};

/* ---- the file ---- */

/* "FILE: byte 1234: no JSON (lexical error: invalid char in json text.); ..." unless one of ours stands there already. */
static bool grammar_fails(Walk *w, yajl_handle parser, size_t before)
{
    if (w->failed) return false;
    unsigned char *words = yajl_get_error(parser, 0, NULL, 0);
    const int length = words ? (int)strcspn((const char *)words, "\n") : 0;
    fail(w->err, "%s: byte %zu: this is no JSON (%.*s); fetch the file again, or correct it", w->record.path,
         before + yajl_get_bytes_consumed(parser), length, words ? (const char *)words : "");
    if (words) yajl_free_error(parser, words);
    return false;
}

static bool read_blocks(Walk *w, yajl_handle parser, FILE *file)
{
    unsigned char *block = xmalloc(BLOCK);
    size_t before = 0, count;
    bool good = true;
    while (good && (count = fread(block, 1, BLOCK, file)) > 0) {
        good = yajl_parse(parser, block, count) == yajl_status_ok || grammar_fails(w, parser, before);
        before += count;
    }
    free(block);
    if (good && ferror(file)) return fail(w->err, "%s: %s", w->record.path, strerror(errno));
    return good && (yajl_complete_parse(parser) == yajl_status_ok || grammar_fails(w, parser, before));
}

bool json_records_read(const char *path, const RecordKind *kinds, void *context, Error *err)
{
    if (!path_is_file(path)) return fail(err, "%s: there is no such file", path);
    FILE *file = fopen(path, "rb");
    if (!file) return fail(err, "%s: %s", path, strerror(errno));
    Walk w = {.kinds = kinds, .context = context, .field = NO_FIELD, .record.path = path, .err = err};
    yajl_handle parser = yajl_alloc(&callbacks, NULL, &w);
    const bool good = read_blocks(&w, parser, file);
    yajl_free(parser);
    fclose(file);
    clear(&w.record);
    for (size_t i = 0; i < RECORD_FIELDS; i++) free(w.record.fields[i].values.items);
    text_free(&w.keys);
    return good;
}

/* ---- values ---- */

bool record_fail(const Record *record, Error *err, const char *format, ...)
{
    char sentence[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return fail(err, "%s: %s%snumber %zu: %s", record->path, record->at, record->at[0] ? ", " : "", record->number,
                sentence);
}

static bool one_value(const Record *record, size_t field, const char *type, const char **value, Error *err)
{
    const RecordField *f = &record->fields[field];
    if (f->values.count == 1 && (type[0] == 't' ? f->text : f->number)) {
        *value = f->values.items[0];
        return true;
    }
    return record_fail(record, err, "one %s is needed under \"%s\", there %s", type, record->names[field],
                       f->values.count == 0   ? "is none"
                       : f->values.count == 1 ? "is something else"
                                              : "are several");
}

bool record_text(const Record *record, size_t field, const char **value, Error *err)
{
    return one_value(record, field, "text", value, err);
}

bool record_whole(const Record *record, size_t field, int64_t *value, Error *err)
{
    const char *text = "";
    if (!one_value(record, field, "number", &text, err)) return false;
    const double number = strtod(text, NULL); /* the grammar was checked */
    if (!(number >= -9007199254740992.0 && number <= 9007199254740992.0) || number != (double)(int64_t)number)
        return record_fail(record, err, "a whole number is needed under \"%s\", this is %.40s", record->names[field],
                           text);
    *value = (int64_t)number;
    return true;
}
