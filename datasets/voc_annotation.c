/* Two texts of an object matter, its name and whether it is difficult; when the object ends, its label is known. Depth keeps the
 * names of parts apart from those of objects. */
#include "datasets/voc_annotation.h"

#include "harness/base/memory.h"
#include "harness/base/names.h"
#include "harness/base/text.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES_MOST = 16 << 20, OBJECT_DEPTH = 2, MEMBER_DEPTH = 3 };

typedef struct Reading {
    const char *path;
    const char *const *classes;
    int8_t *labels;
    int depth;
    bool in_object;
    Text *into; /* the text that is being read, or NULL */
    Text name, difficult;
    XML_Parser parser;
    Error *err;
    bool failed;
} Reading;

/* Counted from 1, where the parser stands. expat 2.9 has another function for it, and deprecates that of all before. */
static unsigned long line_of(XML_Parser parser)
{
#if XML_MAJOR_VERSION > 2 || (XML_MAJOR_VERSION == 2 && XML_MINOR_VERSION >= 9)
    return (unsigned long)XML_GetCurrentLineNumber64(parser);
#else
    return (unsigned long)XML_GetCurrentLineNumber(parser);
#endif
}

static void begin_text(Text *text)
{
    text->length = 0;
    text_add(text, "");
}

static void XMLCALL on_begin(void *context, const XML_Char *element, const XML_Char **attributes)
{
    (void)attributes;
    Reading *r = context;
    r->depth++;
    if (r->depth == OBJECT_DEPTH && strcmp(element, "object") == 0) {
        r->in_object = true;
        begin_text(&r->name), begin_text(&r->difficult);
    }
    if (!r->in_object || r->depth != MEMBER_DEPTH) return;
    r->into = strcmp(element, "name") == 0 ? &r->name : strcmp(element, "difficult") == 0 ? &r->difficult : NULL;
}

static void XMLCALL on_text(void *context, const XML_Char *text, int length)
{
    const Reading *r = context;
    if (r->into) text_add_bytes(r->into, text, (size_t)length);
}

static void end_object(Reading *r)
{
    const size_t c = names_find(r->classes, r->name.data);
    const int8_t label = strtol(r->difficult.data, NULL, 10) != 0 ? 0 : 1;
    if (c != NAMES_NONE) {
        if (r->labels[c] < label) r->labels[c] = label;
        return;
    }
    r->failed = true;
    fail(r->err, "%s: line %lu: \"%.60s\" is none of the classes of PASCAL VOC; fetch the file again", r->path,
         line_of(r->parser), r->name.data);
    XML_StopParser(r->parser, XML_FALSE);
}

static void XMLCALL on_end(void *context, const XML_Char *element)
{
    (void)element;
    Reading *r = context;
    if (r->depth == MEMBER_DEPTH) r->into = NULL;
    if (r->depth-- != OBJECT_DEPTH || !r->in_object) return;
    r->in_object = false;
    end_object(r);
}

static bool parse(Reading *r, const char *bytes, size_t count)
{
    r->parser = XML_ParserCreate(NULL);
    if (!r->parser) die("no memory for a small XML file");
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, on_begin, on_end);
    XML_SetCharacterDataHandler(r->parser, on_text);
    const bool good = XML_Parse(r->parser, bytes, (int)count, 1) == XML_STATUS_OK;
    if (!good && !r->failed)
        fail(r->err, "%s: line %lu: this is no XML (%s); fetch the file again", r->path, line_of(r->parser),
             XML_ErrorString(XML_GetErrorCode(r->parser)));
    XML_ParserFree(r->parser);
    return good;
}

bool voc_annotation_read(const char *path, const char *const *classes, int8_t *labels, Error *err)
{
    char *bytes;
    size_t length;
    if (!read_file(path, BYTES_MOST, &bytes, &length, err)) return false;
    Reading r = {.path = path, .classes = classes, .labels = labels, .err = err};
    const bool good = parse(&r, bytes, length);
    text_free(&r.name);
    text_free(&r.difficult);
    free(bytes);
    return good;
}
