/* HDF5 files are read in processes of their own.
 *
 * libhdf5 believes what a file says: one changed bit can make it crash, loop for ever, or ask for all memory there is, and a file can
 * send it to other files. So this process never lets it read: for every open artifact there is a child that opens the file, has
 * limits on memory, time and files, and answers questions over a socket (artifact_serve.c). A child that dies is a sentence.
 *
 * Children are forked by a nursery, a process that was forked before this one had threads, memory or open files worth speaking of: a
 * fork of it takes a fraction of a millisecond, copies nothing, and inherits neither locks nor descriptors. */
#pragma once

#include "harness/base/error.h"
#include "harness/io/artifact.h"

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

typedef struct Child {
    int socket;
    pid_t process;
} Child;

/* Makes the nursery if there is none. The earlier the better, and before this process opens a file with libhdf5. */
bool nursery_start(Error *err);
/* A new child, which runs artifact_serve on the other end of the socket. */
bool child_start(Child *child, Error *err);
/* Lets an idle child go: it ends by itself, and nobody waits. */
void child_release(Child *child);
/* Ends it now and returns its status as waitpid gives it. */
int child_kill(Child *child);

/* Whole messages over a socket. */
bool send_bytes(int socket, const void *bytes, size_t count);
typedef enum Received { RECEIVED, RECEIVED_LATE, RECEIVED_NOTHING } Received;
/* Waits at most `seconds` for each piece that arrives; 0: for ever. RECEIVED_NOTHING: the other end is gone. */
Received receive_bytes(int socket, void *bytes, size_t count, int seconds);

/* ---- what is asked and answered ---- */

typedef enum Question {
    ASK_OPEN, /* the text is PATH (for sentences), a zero, the same path from the root; the answer brings h5_attributes */
    ASK_HAS,
    ASK_NAMES,
    ASK_SHARDS,
    ASK_SHAPE,
    ASK_NUMBERS,
    ASK_ROWS,
    ASK_TEXTS,
    ASK_HAS_ATTRIBUTE,
    ASK_ATTRIBUTE_TEXT,
    ASK_ATTRIBUTE_NUMBER,
    ASK_ATTRIBUTE_INTEGER,
} Question;

/* Types of numbers, in memory and (with those behind NUMBER_INT64) in files that are joined. */
typedef enum NumberType {
    NUMBER_FLOAT,
    NUMBER_DOUBLE,
    NUMBER_UINT8,
    NUMBER_INT8,
    NUMBER_INT32,
    NUMBER_INT64,
    NUMBER_UINT64,
    NUMBER_HALF,
    NUMBER_OTHER
} NumberType;

typedef struct Request {
    Question question;
    NumberType type;
    int rank;
    size_t dim[ARTIFACT_RANK_MAX]; /* what is expected; 0: any */
    size_t first, count;           /* rows */
    size_t text_bytes;             /* a text of so many bytes follows: a name */
} Request;

typedef struct Answer {
    bool good;
    Error err; /* when it is not good */
    bool yes;
    bool listed; /* ASK_NAMES, ASK_SHARDS, ASK_OPEN: the list is whole */
    ArtifactShape shape;
    NumberType stored; /* ASK_SHAPE: the type in the file */
    double number;
    int64_t integer;
    size_t count; /* texts that follow */
} Answer;

/* Behind a good answer that has content (names, numbers, rows, texts, a text) come pieces: a size_t and so many bytes. A piece of 0
 * bytes is the end; PIECE_FAILED is followed by an Error. Texts end with a zero each. */
#define PIECE_FAILED ((size_t)-1)

/* The child's work, until the socket is closed. */
void artifact_serve(int socket);
/* artifact_shape with the type in the file. */
bool artifact_stored(const ArtifactReader *r, const char *name, ArtifactShape *s, NumberType *type, Error *err);
/* What artifact_known.c remembers of the file: its attributes (h5_attributes), appended. False: nothing. */
bool known_find(const struct stat *info, TextList *attributes, bool *all);
void known_keep(const struct stat *info, const TextList *attributes, bool all);
/* Whether `source`, from the folder of the file `path`, lies in a folder where that file's shards are: NAME (of NAME.h5), NAME.h5.shards,
 * or shards. */
bool artifact_is_shard(const char *path, const char *source);
/* Once in the nursery: libhdf5 made ready, and made blind for other files. */
void artifact_serve_prepare(void);
