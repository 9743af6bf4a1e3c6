/* (Names begin with yaml_file_: libyaml exports yaml_free and its like.) One pass over libyaml's events, keeping the way from the root: every scalar is noted under its keys joined by dots. */
#include "harness/io/yaml.h"

#include "harness/base/memory.h"
#include "harness/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { BYTES_MAX = 1 << 20, DEPTH_MAX = 32 };

struct YamlFile {
    TextList paths, values; /* side by side */
};

/* A mapping or list that the pass is inside of. */
typedef struct Level {
    bool is_list;
    size_t item; /* of a list */
    char *key;   /* of a mapping: the one whose value comes next; NULL: a key comes next */
} Level;

typedef struct Pass {
    YamlFile *file;
    Level levels[DEPTH_MAX];
    size_t depth;
    const char *path;
    Error *err;
} Pass;

static void add_scalar(Pass *p, const char *value)
{
    Text path = {0};
    for (size_t i = 0; i < p->depth; i++) {
        const Level *l = &p->levels[i];
        if (i) text_add(&path, ".");
        if (l->is_list)
            text_addf(&path, "%zu", l->item);
        else
            text_add(&path, l->key);
    }
    text_list_add(&p->file->paths, path.data ? path.data : "");
    text_list_add(&p->file->values, value);
    text_free(&path);
}

/* A value has ended: the next key, the next item. */
static void step(Pass *p)
{
    if (!p->depth) return;
    Level *l = &p->levels[p->depth - 1];
    free(l->key);
    l->key = NULL;
    l->item++;
}

static void scalar(Pass *p, const char *text)
{
    Level *l = p->depth ? &p->levels[p->depth - 1] : NULL;
    if (l && !l->is_list && !l->key) {
        l->key = xstrdup(text);
        return;
    }
    add_scalar(p, text);
    step(p);
}

static bool enter(Pass *p, bool is_list)
{
    if (p->depth && !p->levels[p->depth - 1].is_list && !p->levels[p->depth - 1].key)
        return fail(p->err, "%s: a key that is no text; not read", p->path);
    if (p->depth == DEPTH_MAX) return fail(p->err, "%s: nested more than %d deep; not read", p->path, DEPTH_MAX);
    p->levels[p->depth++] = (Level){.is_list = is_list};
    return true;
}

static void leave(Pass *p)
{
    free(p->levels[--p->depth].key);
    step(p);
}

static bool take(Pass *p, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        scalar(p, (const char *)event->data.scalar.value);
        return true;
    case YAML_MAPPING_START_EVENT:
        return enter(p, false);
    case YAML_SEQUENCE_START_EVENT:
        return enter(p, true);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        leave(p);
        return true;
    case YAML_ALIAS_EVENT:
        return fail(p->err, "%s: line %zu: an alias (*NAME); write the value out", p->path, event->start_mark.line + 1);
    default:
        return true;
    }
}

static bool parse(Pass *p, yaml_parser_t *parser)
{
    for (bool end = false; !end;) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event))
            return fail(p->err, "%s: line %zu: no YAML (%s)", p->path, parser->problem_mark.line + 1,
                        parser->problem ? parser->problem : "unreadable");
        const bool good = take(p, &event);
        end = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (!good) return false;
    }
    return true;
}

YamlFile *yaml_file_open(const char *path, Error *err)
{
    char *data;
    size_t length;
    yaml_parser_t parser;
    if (!read_file(path, BYTES_MAX, &data, &length, err)) return NULL;
    if (!yaml_parser_initialize(&parser)) die("%s: out of memory", path);
    yaml_parser_set_input_string(&parser, (const unsigned char *)data, length);
    Pass p = {.file = xcalloc(1, sizeof *p.file), .path = path, .err = err};
    const bool good = parse(&p, &parser);
    while (p.depth) free(p.levels[--p.depth].key);
    yaml_parser_delete(&parser);
    free(data);
    if (good) return p.file;
    yaml_file_close(p.file);
    return NULL;
}

void yaml_file_close(YamlFile *file)
{
    if (!file) return;
    text_list_free(&file->paths);
    text_list_free(&file->values);
    free(file);
}

const char *yaml_file_value(const YamlFile *file, const char *path)
{
    for (size_t i = file->paths.count; i-- > 0;)
        if (strcmp(file->paths.items[i], path) == 0) return file->values.items[i];
    return NULL;
}
