/* The child's side: opens one file, then answers questions about it. What it hands out was read by libhdf5 from a file that nobody
 * vouches for; the other side believes no size that it did not check itself. */
#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "harness/io/artifact_hdf5.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct Serving {
    int socket;
    H5File *file;
    bool begun; /* the answer is out, content follows */
} Serving;

static bool begin_nothing(void *context, const ArtifactShape *shape)
{
    (void)context, (void)shape;
    return true;
}

static bool take_nothing(void *context, const void *bytes, size_t count)
{
    (void)context, (void)bytes, (void)count;
    return true;
}

/* Writes a file in memory and reads it, so that a child finds all functions bound, tables made and pages in their places: without,
 * every one of them does it anew, for some milliseconds. */
static void rehearse(void)
{
    enum { ROWS = 70 };
    static const float floats[ROWS];
    static const int8_t labels[ROWS];
    const size_t rows = ROWS;
    char name[32];
    const int file = memfd_create("rehearsal", MFD_CLOEXEC);
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    const hid_t access = h5_file_access();
    ArtifactWriter w = {.path = name, .descriptor = file, .sink = -1};
    w.file = file < 0 ? -1 : H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    H5Pclose(access);
    if (w.file < 0) return;
    artifact_write_floats(&w, "floats", 1, &rows, floats);
    artifact_write_packed_floats(&w, "halves", 1, &rows, floats, true);
    artifact_write_int8(&w, "labels", 1, &rows, labels);
    artifact_write_texts(&w, "texts", 1, &(const char *){"a text"});
    artifact_attribute_text(&w, "text", "a text");
    artifact_attribute_number(&w, "number", 1);
    artifact_attribute_integer(&w, "integer", 1);
    H5Fclose(w.file);
    Error unused;
    TextList texts = {0};
    H5File *f = h5_open(name, name, &unused);
    if (f && h5_read_texts(f, "texts", &texts, &unused)) text_list_free(&texts);
    if (f && h5_attributes(f, &texts)) text_list_free(&texts);
    const char *const numbers[] = {"floats", "halves", "labels"};
    for (size_t i = 0; f && i < sizeof numbers / sizeof *numbers; i++)
        h5_read_numbers(f,
                        &(H5Numbers){numbers[i], i ? NUMBER_DOUBLE : NUMBER_FLOAT, 1, &(size_t){0}, begin_nothing,
                                     take_nothing, NULL},
                        &unused);
    h5_close(f);
    limit_nothing();
    close(file);
}

void artifact_serve_prepare(void)
{
    /* They would lead libhdf5 to other files than the name says, or to other code than a plain file needs. */
    static const char *const variables[] = {"HDF5_VDS_PREFIX", "HDF5_EXTFILE_PREFIX", "HDF5_EXT_PREFIX",
                                            "HDF5_DRIVER",     "HDF5_DRIVER_CONFIG",  "HDF5_VOL_CONNECTOR"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) unsetenv(variables[i]);
    h5_library();
    H5Lunregister(H5L_TYPE_EXTERNAL);
    rehearse();
}

/* The other side is gone: there is nobody left to work for. */
static void tell(const Serving *s, const void *bytes, size_t count)
{
    if (!send_bytes(s->socket, bytes, count)) _exit(0);
}

static void tell_piece(const Serving *s, const void *bytes, size_t count)
{
    if (!count) return;
    tell(s, &count, sizeof count);
    tell(s, bytes, count);
}

/* The answer, unless it is out already: then the end of its content, good or not. */
static void conclude(Serving *s, Answer *a)
{
    const size_t end = a->good ? 0 : PIECE_FAILED;
    if (!s->begun) {
        tell(s, a, sizeof *a);
        return;
    }
    tell(s, &end, sizeof end);
    if (!a->good) tell(s, &a->err, sizeof a->err);
}

static void begin_content(Serving *s, Answer *a)
{
    a->good = true;
    tell(s, a, sizeof *a);
    s->begun = true;
}

/* ---- content ---- */

typedef struct Content {
    Serving *serving;
    Answer *answer;
} Content;

static bool begin_numbers(void *context, const ArtifactShape *shape)
{
    Content *c = context;
    c->answer->shape = *shape;
    begin_content(c->serving, c->answer);
    return true;
}

static bool take_piece(void *context, const void *bytes, size_t count)
{
    tell_piece(((Content *)context)->serving, bytes, count);
    return true;
}

static bool serve_numbers(Serving *s, const Request *q, const char *name, Answer *a)
{
    Content c = {s, a};
    const H5Numbers numbers = {name, q->type, q->rank, q->dim, begin_numbers, take_piece, &c};
    return h5_read_numbers(s->file, &numbers, &a->err);
}

static bool serve_rows(Serving *s, const Request *q, const char *name, Answer *a)
{
    Content c = {s, a};
    const H5Numbers numbers = {
        .name = name, .type = NUMBER_UINT8, .begin = begin_numbers, .take = take_piece, .context = &c};
    return h5_read_rows(s->file, &numbers, q->first, q->count, &a->err);
}

static void tell_texts(Serving *s, Answer *a, const TextList *texts)
{
    Text all = {0};
    a->count = texts->count;
    for (size_t i = 0; i < texts->count; i++) text_add_bytes(&all, texts->items[i], strlen(texts->items[i]) + 1);
    begin_content(s, a);
    tell_piece(s, all.data, all.length);
    text_free(&all);
}

static bool serve_texts(Serving *s, const char *name, Answer *a)
{
    TextList texts;
    if (!h5_read_texts(s->file, name, &texts, &a->err)) return false;
    tell_texts(s, a, &texts);
    text_list_free(&texts);
    return true;
}

static bool serve_names(Serving *s, Answer *a)
{
    TextList names = {0};
    a->listed = h5_names(s->file->file, &names);
    tell_texts(s, a, &names);
    text_list_free(&names);
    return true;
}

static bool serve_shards(Serving *s, Answer *a)
{
    TextList shards = {0};
    a->listed = h5_list_shards(s->file, &shards);
    tell_texts(s, a, &shards);
    text_list_free(&shards);
    return true;
}

static bool serve_attribute(Serving *s, const char *name, Answer *a)
{
    char *value = NULL;
    if (!h5_attribute_text(s->file, name, &value, &a->err)) return false;
    const TextList one = {.items = &value, .count = 1};
    tell_texts(s, a, &one);
    free(value);
    return true;
}

/* ---- questions ---- */

static bool serve_open(Serving *s, const char *paths, Answer *a)
{
    s->file = h5_open(paths, paths + strlen(paths) + 1, &a->err);
    if (!s->file) return false;
    TextList rows = {0}; /* most readers want most of them: at once, not by twenty questions */
    a->listed = h5_attributes(s->file, &rows);
    tell_texts(s, a, &rows);
    text_list_free(&rows);
    return true;
}

static bool serve_shape(const Serving *s, const char *name, Answer *a)
{
    const hid_t data = h5_data(s->file, name, &a->err);
    if (data < 0) return false;
    const bool good = h5_inspect(s->file, data, name, &a->shape, &a->err);
    if (good) a->stored = h5_stored_type(data);
    H5Dclose(data);
    return good;
}

static bool stands_there(const Serving *s, const char *name)
{
    const H5Kind kind = h5_kind(s->file->file, name);
    return kind == H5_DATA || kind == H5_DAMAGED || kind == H5_ELSEWHERE;
}

static bool serve_question(Serving *s, const Request *q, const char *name, Answer *a)
{
    switch (q->question) {
    case ASK_OPEN:
        return serve_open(s, name, a);
    case ASK_HAS:
        a->yes = stands_there(s, name);
        return true;
    case ASK_NAMES:
        return serve_names(s, a);
    case ASK_SHARDS:
        return serve_shards(s, a);
    case ASK_SHAPE:
        return serve_shape(s, name, a);
    case ASK_NUMBERS:
        return serve_numbers(s, q, name, a);
    case ASK_ROWS:
        return serve_rows(s, q, name, a);
    case ASK_TEXTS:
        return serve_texts(s, name, a);
    case ASK_HAS_ATTRIBUTE:
        a->yes = h5_has_attribute(s->file, name);
        return true;
    case ASK_ATTRIBUTE_TEXT:
        return serve_attribute(s, name, a);
    case ASK_ATTRIBUTE_NUMBER:
        return h5_attribute_number(s->file, name, &a->number, &a->err);
    case ASK_ATTRIBUTE_INTEGER:
        return h5_attribute_integer(s->file, name, &a->integer, &a->err);
    }
    return fail(&a->err, "a question that is none");
}

void artifact_serve(int socket)
{
    Serving s = {.socket = socket};
    Request q;
    while (receive_bytes(socket, &q, sizeof q, 0) == RECEIVED) {
        char *text = xcalloc(q.text_bytes + 1, 1);
        if (receive_bytes(socket, text, q.text_bytes, 0) != RECEIVED) break;
        Answer a = {.good = false};
        s.begun = false;
        a.good = serve_question(&s, &q, text, &a);
        conclude(&s, &a);
        free(text);
    }
}
