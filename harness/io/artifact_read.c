/* Reading as callers see it: every question goes to the child that has the file open. What comes back is checked as a stranger's
 * message would be; a child that dies, or takes too long, becomes the sentence of this and every later call. */
#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "harness/io/artifact_child_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS_LEAST = 60, SECONDS_MOST = 100000, SECOND_BYTES = 10 << 20, ROW = 4 };
/* Seconds on the clock for one of the processor's: a file on a slow disk is not a damaged one. */
enum { PATIENCE = 10 };

/* A reader of a file whose attributes are known gets its child with the first question about anything else. */
struct ArtifactReader {
    char *path, *place;  /* as people know it, and from the root */
    Child *child;        /* a pointer: readers are handed round as constant; socket below 0: none */
    Error *dead;         /* why there is no child any more; an empty text: there is one, or there can be */
    int seconds;         /* of the processor that an answer may take; what takes more comes to no end */
    TextList attributes; /* four texts each: h5_attributes */
    bool all_attributes; /* are in the list */
};

/* ---- asking ---- */

/* The child is gone, or is made to go: `late`, or its message makes no sense. Returns false. */
static bool broken(const ArtifactReader *r, bool late, Error *err)
{
    static const char advice[] = "damaged, or made to do harm; if palbench made it, delete it to have it made again";
    const int status = child_kill(r->child);
    const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (late)
        fail(r->dead, "%s: not read within %d seconds: its disk or this machine is busy or hangs; run it again",
             r->path, PATIENCE * r->seconds);
    else if (signal == SIGXCPU)
        fail(r->dead, "%s: libhdf5 comes to no end with it; %s", r->path, advice);
    else if (!signal && WEXITSTATUS(status))
        fail(r->dead, "%s: wants more memory than its size explains; %s", r->path, advice);
    else if (signal && signal != SIGKILL)
        fail(r->dead, "%s: libhdf5 breaks down over it (%s); %s", r->path, strsignal(signal), advice);
    else
        fail(r->dead, "%s: the process that read it was ended from outside; run it again", r->path);
    *err = *r->dead;
    return false;
}

static bool hear(const ArtifactReader *r, void *bytes, size_t count, Error *err)
{
    const Received got = receive_bytes(r->child->socket, bytes, count, PATIENCE * r->seconds);
    return got == RECEIVED || broken(r, got == RECEIVED_LATE, err);
}

static bool exchange(const ArtifactReader *r, Request q, const char *text, size_t bytes, Answer *a, Error *err)
{
    q.text_bytes = bytes;
    if (!send_bytes(r->child->socket, &q, sizeof q) || !send_bytes(r->child->socket, text, bytes))
        return broken(r, false, err);
    if (!hear(r, a, sizeof *a, err)) return false;
    if (a->good) return true;
    a->err.text[sizeof a->err.text - 1] = 0;
    *err = a->err;
    return false;
}

/* The size of the next piece; 0 behind the last one. */
static bool hear_piece(const ArtifactReader *r, size_t *bytes, Error *err)
{
    Error own;
    if (!hear(r, bytes, sizeof *bytes, err)) return false;
    if (*bytes != PIECE_FAILED) return true;
    if (!hear(r, &own, sizeof own, err)) return false;
    own.text[sizeof own.text - 1] = 0;
    *err = own;
    return false;
}

/* Content of a size that is known. */
static bool hear_content(const ArtifactReader *r, void *room, size_t bytes, Error *err)
{
    for (char *at = room;;) {
        size_t piece;
        if (!hear_piece(r, &piece, err)) return false;
        if (!piece) return !bytes || broken(r, false, err);
        if (piece > bytes) return broken(r, false, err);
        if (!hear(r, at, piece, err)) return false;
        at += piece, bytes -= piece;
    }
}

/* `count` texts with a zero behind each. */
static bool hear_texts(const ArtifactReader *r, size_t count, TextList *texts, Error *err)
{
    char *room = NULL;
    size_t bytes = 0;
    for (;;) {
        size_t piece;
        bool good = hear_piece(r, &piece, err);
        if (good && !piece) break;
        char *grown = good && piece < SIZE_MAX / 2 - bytes ? realloc(room, bytes + piece) : NULL;
        if (grown) room = grown;
        if (good && !grown) good = fail(err, "%s: no memory for %zu bytes of texts", r->path, piece);
        if (!good || !hear(r, room + bytes, piece, err)) {
            free(room);
            return false;
        }
        bytes += piece;
    }
    size_t at = 0;
    for (size_t i = 0; i < count && at < bytes; i++) {
        const size_t length = strnlen(room + at, bytes - at);
        text_list_add_bytes(texts, room + at, length);
        at += length + 1;
    }
    free(room);
    return texts->count == count || broken(r, false, err);
}

/* ---- opening ---- */

void artifact_prepare(void)
{
    Error later; /* whoever wants to read will hear of it */
    nursery_start(&later);
}

/* Starts the child and has it open the file; `attributes` gets what comes with it. */
static bool begin(const ArtifactReader *r, TextList *attributes, bool *all, Error *err)
{
    Text paths = {0};
    Answer a;
    if (!child_start(r->child, err)) return fail_in(err, r->path);
    text_add_bytes(&paths, r->path, strlen(r->path) + 1);
    text_add(&paths, r->place);
    const bool good = exchange(r, (Request){.question = ASK_OPEN}, paths.data, paths.length, &a, err) &&
                      hear_texts(r, a.count, attributes, err);
    text_free(&paths);
    *all = good && a.listed && attributes->count % ROW == 0;
    return good;
}

static bool ask(const ArtifactReader *r, Request q, const char *name, Answer *a, Error *err)
{
    if (r->dead->text[0]) {
        *err = *r->dead;
        return false;
    }
    if (r->child->socket < 0) {
        TextList again = {0};
        bool all;
        const bool good = begin(r, &again, &all, err);
        text_list_free(&again);
        if (!good) *r->dead = *err;
        if (!good) return false;
    }
    return exchange(r, q, name, strlen(name), a, err);
}

/* Caller frees; the children work in the folder where this process began. */
static char *from_the_root(const char *path)
{
    char *here = *path == '/' ? NULL : getcwd(NULL, 0), *place = path_join(here ? here : "", path);
    free(here);
    return place;
}

static bool look_at(const char *path, struct stat *info, Error *err)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const char *reason = file < 0                 ? strerror(errno)
                         : fstat(file, info) != 0 ? strerror(errno)
                         : S_ISDIR(info->st_mode) ? "it is a folder"
                         : S_ISREG(info->st_mode) ? NULL
                                                  : "it is a device, not a file";
    if (file >= 0) close(file);
    return !reason || fail(err, "%s: cannot open: %s", path, reason);
}

ArtifactReader *artifact_open(const char *path, Error *err)
{
    struct stat info;
    if (!look_at(path, &info, err)) return NULL;
    ArtifactReader *r = xcalloc(1, sizeof *r);
    *r = (ArtifactReader){.path = xstrdup(path), .place = from_the_root(path), .child = xmalloc(sizeof *r->child)};
    r->dead = xcalloc(1, sizeof *r->dead);
    r->child->socket = -1;
    const off_t seconds = SECONDS_LEAST + info.st_size / SECOND_BYTES;
    r->seconds = seconds < SECONDS_MOST ? (int)seconds : SECONDS_MOST;
    if (known_find(&info, &r->attributes, &r->all_attributes)) return r;
    if (begin(r, &r->attributes, &r->all_attributes, err)) {
        known_keep(&info, &r->attributes, r->all_attributes);
        return r;
    }
    artifact_close(r);
    return NULL;
}

void artifact_close(ArtifactReader *r)
{
    if (!r) return;
    if (r->child->socket >= 0) child_release(r->child);
    text_list_free(&r->attributes);
    free(r->child), free(r->dead), free(r->path), free(r->place);
    free(r);
}

bool artifact_stands(const char *path, const char *config_json)
{
    Error reason; /* the caller makes the file again */
    ArtifactReader *r = path_exists(path) ? artifact_open(path, &reason) : NULL;
    char *have = NULL;
    const bool same = r && artifact_attribute_get_text(r, "config", &have, &reason) && strcmp(have, config_json) == 0;
    free(have);
    artifact_close(r);
    return same;
}

const char *artifact_path(const ArtifactReader *r)
{
    return r->path;
}

/* ---- what there is ---- */

bool artifact_has(const ArtifactReader *r, const char *name)
{
    Answer a;
    Error dead; /* the next call that can say so says it */
    return ask(r, (Request){.question = ASK_HAS}, name, &a, &dead) && a.yes;
}

/* An attribute's row among those that came with the file: name, kind, value, whole value. NULL: not there. */
static char *const *row_of(const ArtifactReader *r, const char *name)
{
    for (size_t i = 0; i + ROW <= r->attributes.count; i += ROW)
        if (strcmp(r->attributes.items[i], name) == 0) return &r->attributes.items[i];
    return NULL;
}

bool artifact_has_attribute(const ArtifactReader *r, const char *name)
{
    Answer a;
    Error dead;
    if (r->all_attributes) return row_of(r, name) != NULL;
    return ask(r, (Request){.question = ASK_HAS_ATTRIBUTE}, name, &a, &dead) && a.yes;
}

bool artifact_names(const ArtifactReader *r, TextList *names)
{
    Answer a;
    Error dead;
    return ask(r, (Request){.question = ASK_NAMES}, "", &a, &dead) && hear_texts(r, a.count, names, &dead) && a.listed;
}

bool artifact_shards(const ArtifactReader *r, TextList *shards)
{
    Answer a;
    Error dead;
    return ask(r, (Request){.question = ASK_SHARDS}, "", &a, &dead) && hear_texts(r, a.count, shards, &dead) &&
           a.listed;
}

/* A shape that a caller may allocate by: its count is the product of its axes. */
static bool is_shape(const ArtifactShape *s)
{
    size_t count = 1;
    if (s->rank < 0 || s->rank > ARTIFACT_RANK_MAX) return false;
    for (int i = 0; i < s->rank; i++)
        if (__builtin_mul_overflow(count, s->dim[i], &count)) return false;
    return count == s->count;
}

bool artifact_stored(const ArtifactReader *r, const char *name, ArtifactShape *s, NumberType *type, Error *err)
{
    Answer a;
    if (!ask(r, (Request){.question = ASK_SHAPE}, name, &a, err)) return false;
    if (!is_shape(&a.shape) || a.stored > NUMBER_OTHER) return broken(r, false, err);
    *s = a.shape, *type = a.stored;
    return true;
}

bool artifact_shape(const ArtifactReader *r, const char *name, ArtifactShape *s, Error *err)
{
    NumberType type;
    return artifact_stored(r, name, s, &type, err);
}

/* ---- numbers ---- */

/* Asks for an array, whose bytes are sent next, and takes only a shape that was asked for. */
static bool ask_numbers(const ArtifactReader *r, const char *name, NumberType type, int rank, const size_t *dim,
                        ArtifactShape *shape, Error *err)
{
    Request q = {.question = ASK_NUMBERS, .type = type, .rank = rank};
    Answer a;
    for (int i = 0; i < rank; i++) q.dim[i] = dim[i];
    if (!ask(r, q, name, &a, err)) return false;
    bool fits = is_shape(&a.shape) && a.shape.rank == rank;
    for (int i = 0; i < rank && fits; i++) fits = !dim[i] || dim[i] == a.shape.dim[i];
    *shape = a.shape;
    return fits || broken(r, false, err);
}

/* `values`: address of the pointer that receives the array. */
static bool read_numbers(const ArtifactReader *r, const char *name, NumberType type, size_t size, int rank, size_t *dim,
                         void *values, Error *err)
{
    ArtifactShape shape;
    if (!ask_numbers(r, name, type, rank, dim, &shape, err)) return false;
    void *room = NULL;
    if (!big_alloc(&room, shape.count, size, name, err)) {
        fail_in(err, r->path);
        *r->dead = *err;
        child_kill(r->child); /* what it sends now, nobody takes */
        return false;
    }
    if (!hear_content(r, room, shape.count * size, err)) {
        free(room);
        return false;
    }
    for (int i = 0; i < rank; i++) dim[i] = shape.dim[i];
    memcpy(values, &room, sizeof room);
    return true;
}

bool artifact_read_floats(const ArtifactReader *r, const char *name, int rank, size_t *dim, float **values, Error *err)
{
    return read_numbers(r, name, NUMBER_FLOAT, sizeof **values, rank, dim, values, err);
}

bool artifact_read_doubles(const ArtifactReader *r, const char *name, int rank, size_t *dim, double **values,
                           Error *err)
{
    return read_numbers(r, name, NUMBER_DOUBLE, sizeof **values, rank, dim, values, err);
}

bool artifact_read_bytes(const ArtifactReader *r, const char *name, int rank, size_t *dim, uint8_t **values, Error *err)
{
    return read_numbers(r, name, NUMBER_UINT8, sizeof **values, rank, dim, values, err);
}

bool artifact_read_int8(const ArtifactReader *r, const char *name, int rank, size_t *dim, int8_t **values, Error *err)
{
    return read_numbers(r, name, NUMBER_INT8, sizeof **values, rank, dim, values, err);
}

bool artifact_read_int32(const ArtifactReader *r, const char *name, int rank, size_t *dim, int32_t **values, Error *err)
{
    return read_numbers(r, name, NUMBER_INT32, sizeof **values, rank, dim, values, err);
}

bool artifact_read_int64(const ArtifactReader *r, const char *name, int rank, size_t *dim, int64_t **values, Error *err)
{
    return read_numbers(r, name, NUMBER_INT64, sizeof **values, rank, dim, values, err);
}

bool artifact_read_uint64(const ArtifactReader *r, const char *name, int rank, size_t *dim, uint64_t **values,
                          Error *err)
{
    return read_numbers(r, name, NUMBER_UINT64, sizeof **values, rank, dim, values, err);
}

bool artifact_is_half(const ArtifactReader *r, const char *name)
{
    ArtifactShape s;
    NumberType type = NUMBER_OTHER;
    Error later; /* reading says it */
    return artifact_stored(r, name, &s, &type, &later) && type == NUMBER_HALF;
}

/* Content of a size that is known, handed on in pieces of the child's choice. */
static bool hand_on(const ArtifactReader *r, size_t bytes, ArtifactTake *take, void *context, Error *err)
{
    char *room = NULL;
    size_t piece, held = 0;
    bool good = true;
    while (good && (good = hear_piece(r, &piece, err)) && piece) {
        if (piece > bytes) good = broken(r, false, err);
        if (good && piece > held) {
            free(room);
            good = big_alloc(&room, held = piece, 1, "a piece of a data set", err);
        }
        if (!(good = good && hear(r, room, piece, err))) break;
        take(context, room, piece);
        bytes -= piece;
    }
    free(room);
    return good && (!bytes || broken(r, false, err));
}

bool artifact_stream_floats(const ArtifactReader *r, const char *name, int rank, size_t *dim, bool half,
                            ArtifactTake *take, void *context, Error *err)
{
    ArtifactShape shape;
    if (!ask_numbers(r, name, half ? NUMBER_HALF : NUMBER_FLOAT, rank, dim, &shape, err)) return false;
    for (int i = 0; i < rank; i++) dim[i] = shape.dim[i];
    return hand_on(r, shape.count * (half ? 2 : sizeof(float)), take, context, err);
}

bool artifact_read_byte_rows(const ArtifactReader *r, const char *name, size_t first, size_t count, uint8_t *values,
                             Error *err)
{
    Answer a;
    const Request q = {.question = ASK_ROWS, .first = first, .count = count};
    if (!ask(r, q, name, &a, err)) return false;
    if (!is_shape(&a.shape) || a.shape.rank < 1) return broken(r, false, err);
    const size_t row = a.shape.dim[0] ? a.shape.count / a.shape.dim[0] : 0;
    return hear_content(r, values, row * count, err);
}

/* ---- texts and attributes ---- */

bool artifact_read_texts(const ArtifactReader *r, const char *name, TextList *values, Error *err)
{
    Answer a;
    *values = (TextList){0};
    if (!ask(r, (Request){.question = ASK_TEXTS}, name, &a, err)) return false;
    if (hear_texts(r, a.count, values, err)) return true;
    text_list_free(values);
    return false;
}

bool artifact_attribute_get_text(const ArtifactReader *r, const char *name, char **value, Error *err)
{
    Answer a;
    TextList one = {0};
    char *const *row = row_of(r, name);
    if (row && *row[1] == 't') {
        *value = xstrdup(row[2]);
        return true;
    }
    if (!ask(r, (Request){.question = ASK_ATTRIBUTE_TEXT}, name, &a, err)) return false;
    const bool good = hear_texts(r, 1, &one, err);
    if (good) *value = xstrdup(one.items[0]);
    text_list_free(&one);
    return good;
}

bool artifact_attribute_get_number(const ArtifactReader *r, const char *name, double *value, Error *err)
{
    Answer a;
    char *const *row = row_of(r, name);
    if (row && (*row[1] == 'n' || *row[1] == 'i')) {
        *value = strtod(row[2], NULL);
        return true;
    }
    if (!ask(r, (Request){.question = ASK_ATTRIBUTE_NUMBER}, name, &a, err)) return false;
    *value = a.number;
    return true;
}

bool artifact_attribute_get_integer(const ArtifactReader *r, const char *name, int64_t *value, Error *err)
{
    Answer a;
    char *const *row = row_of(r, name);
    if (row && *row[1] == 'i') {
        *value = strtoll(row[3], NULL, 10);
        return true;
    }
    if (!ask(r, (Request){.question = ASK_ATTRIBUTE_INTEGER}, name, &a, err)) return false;
    *value = a.integer;
    return true;
}
