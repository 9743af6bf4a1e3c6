/* What writing and reading of artifacts share: libhdf5 behind a few functions. Inside harness/io only. Files are written by this
 * process, and read by children of it (artifact_child_internal.h). */
#pragma once

#include "harness/base/temporary.h"
#include "harness/io/artifact_child_internal.h"

#include <hdf5.h>

/* Starts the library and keeps it from printing, and from cleaning up when the program ends: after a failed write that crashes. Call
 * before anything else of HDF5. */
void h5_start(void);
/* The same for the nursery and its children. */
void h5_library(void);

/* The innermost message of HDF5's error stack, the system's words alone where it is a failed system call. Take it before the
 * next call to HDF5, which clears it. */
typedef struct H5Reason {
    char text[400];
    int system; /* errno of a failed system call, whose words these are; 0: the library's own */
} H5Reason;
H5Reason h5_reason(void);

/* What a name in a file leads to. A hard link always leads to something; when that cannot be read, the file is damaged. A soft link
 * that leads nowhere counts as nothing, one that leads into another file is not followed. */
typedef enum H5Kind { H5_NOTHING, H5_DATA, H5_OTHER, H5_DAMAGED, H5_ELSEWHERE } H5Kind;
H5Kind h5_kind(hid_t place, const char *name);

/* Adds the names in a group whose kind is H5_DATA or H5_DAMAGED, sorted; false when the group cannot be read. */
bool h5_names(hid_t group, struct TextList *names);

/* Frees the strings that H5Dread put into `room`. */
void h5_free_texts(hid_t type, hid_t space, void *room);

/* A type or a list of properties that was made in steps: itself when all of them were good; else it is closed, and -1, which HDF5
 * refuses wherever it goes. A step that fails unseen would write another file: without checksums, say. */
hid_t h5_whole(hid_t made, bool good);

/* Variable-length UTF-8 string; close with H5Tclose. */
hid_t h5_text_type(void);

/* CRC-32 over all strings, each with its terminating zero: the attribute "crc32" of a data set of texts. HDF5's own checksum
 * cannot be had there: it covers references, and the library refuses it. */
uint32_t artifact_text_crc(const char *const *texts, size_t count);

/* Access properties of every file: no file locks (a rename makes files appear whole, and locks fail on some network disks),
 * closing a file closes all that is in it. Close with H5Pclose. */
hid_t h5_file_access(void);

/* Access properties of every data set: shards are looked for beside the file that joins them. Close with H5Pclose. */
hid_t h5_data_access(void);

/* Creates a file for writing with the three attributes; NULL on failure. Shared with artifact_join. */
struct ArtifactWriter {
    Temporary place;  /* its lock says that we live */
    const char *path; /* where it is to stand: place.path */
    hid_t file;
    int descriptor; /* HDF5's own */
    int sink;       /* a file in memory, for what HDF5 writes after a failure */
    bool failed;
    Error first;
};

/* Remembers the first failure (with HDF5's reason) of writing `what`, and sinks what HDF5 still writes. */
void artifact_record(ArtifactWriter *w, const char *what);

/* A data set of floats whose values come later, laid out as one that is written at once; `chunk` gets the rows that are stored together.
 * Negative after a failure, which is recorded. Close with H5Dclose. */
hid_t artifact_create_floats(ArtifactWriter *w, const char *name, int rank, const size_t *dim, bool half,
                             size_t *chunk);

/* ---- in the child: an open file, and what artifact.h promises of one ---- */

typedef struct H5File {
    char *path;  /* as people know it */
    char *place; /* from the root */
    hid_t file;
} H5File;

H5File *h5_open(const char *path, const char *place, Error *err);
void h5_close(H5File *f);
bool h5_has_attribute(const H5File *f, const char *name);

/* The type, shape and stored size of an open data set, checked: rank, overflow of the count, storage that can hold it and that lies in this
 * file or in shards of it (artifact_shards.c), all of which are there. Sentences begin with "FILE: NAME: ". */
bool h5_inspect(const H5File *f, hid_t data, const char *name, ArtifactShape *s, Error *err);
bool h5_is_virtual(hid_t data);
/* Of a virtual data set: every source is a plain data set in a shard of this file, and together they cover it. */
/* Adds the sources of all virtual data sets at the root, each once; false when one is none of the file's own, or cannot be told. */
bool h5_list_shards(const H5File *f, TextList *shards);
bool h5_check_shards(const H5File *f, hid_t list, const char *name, const ArtifactShape *s, Error *err);

/* What to do about a damaged file: ours is made again, another's is not ours to delete. */
const char *h5_advice(const H5File *f);

/* Says why HDF5 could not read an open data set: a filter that this library lacks, by its name and with the way round it, or
 * damage. Returns false. */
bool h5_unreadable(const H5File *f, hid_t data, const char *name, H5Reason reason, Error *err);

/* Opens a data set or fails with a sentence and a negative id. */
hid_t h5_data(const H5File *f, const char *name, Error *err);

/* A type of numbers; of those that have no name in HDF5 close it with H5Tclose: h5_number_type always hands out a copy. */
hid_t h5_number_type(NumberType type, bool in_file);
NumberType h5_stored_type(hid_t data);
size_t number_bytes(NumberType type);

/* Takes a piece of what is read; false ends the reading (there is nobody to take it). */
typedef bool H5Take(void *context, const void *bytes, size_t count);
/* A data set of numbers piece by piece, converted; `begin` is called with its shape before the first piece. */
typedef struct H5Numbers {
    const char *name;
    NumberType type;
    int rank;
    const size_t *dim; /* what is expected; 0: any */
    bool (*begin)(void *context, const ArtifactShape *shape);
    H5Take *take;
    void *context;
} H5Numbers;
bool h5_read_numbers(const H5File *f, const H5Numbers *n, Error *err);
/* Rows of it in one piece; its rank and axes are not asked for. */
bool h5_read_rows(const H5File *f, const H5Numbers *n, size_t first, size_t count, Error *err);
bool h5_read_texts(const H5File *f, const char *name, TextList *values, Error *err);
/* All attributes of the root, four texts each: name; kind: "t" text, "n" number, "i" whole number, "" another; value; value of an "i" as
 * a whole number. False when there are more than ATTRIBUTES_MOST, or when they cannot be read. */
enum { ATTRIBUTES_MOST = 256 };
bool h5_attributes(const H5File *f, TextList *rows);
bool h5_attribute_text(const H5File *f, const char *name, char **value, Error *err); /* caller frees */
bool h5_attribute_number(const H5File *f, const char *name, double *value, Error *err);
bool h5_attribute_integer(const H5File *f, const char *name, int64_t *value, Error *err);

/* ---- limits of the child ---- */

/* At most so many bytes more than it had in the beginning; at most so many seconds of computing from now on; other files may be opened
 * or not. */
void limit_memory(size_t bytes);
void limit_time(size_t seconds);
void limit_files(bool others);
/* None of these any more: for the nursery, which lives as long as the program. */
void limit_nothing(void);

/* ---- the digest at a file's end ---- */

/* Where HDF5's part of one of our files ends. */
bool h5_end(int file, uint64_t *end);
/* Appends the digest of all that the file holds; nothing when it is larger than DIGEST_MOST. False with errno. */
enum { DIGEST_MOST = 64 << 20 };
bool digest_append(int file);
/* Holds a file against the digest at its end. One without (of another program, changed by one, larger, older) has nothing to match; one whose
 * digest is cut is damaged. */
bool digest_check(int file, const char *path, Error *err);
