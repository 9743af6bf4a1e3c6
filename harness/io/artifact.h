/* HDF5 files of ours: artifacts. A file with a final name is whole (harness/base/temporary.h), also when two processes write the
 * same one. Data sets of numbers are chunked, have Fletcher32 checksums and are compressed where it pays; texts have a CRC-32 in
 * their attribute crc32, which only we check; metadata is checksummed by the format of HDF5 1.10; and a file of up to 64 MB ends with
 * a digest of all of it (artifact_digest.c), which is held against it before anything else is read. Equal content gives equal
 * files. Every file carries the attributes palbench_version, config (JSON) and created_by.
 *
 * Reading, ours or anybody's, happens in a process of its own with limits on memory, time and files (artifact_child_internal.h): a
 * file that breaks libhdf5, or never ends, or asks for all memory, is a sentence. A file brings what stands in it and nothing else:
 * no values, links or virtual data sets of other files are read, but for the shards that artifact_join laid together, which lie
 * in a folder of the file's own: NAME, NAME.h5.shards or shards beside NAME.h5.
 *
 *     ArtifactWriter *w = artifact_create("features.h5", config_json, err);
 *     artifact_write_floats(w, "global", 2, (size_t[]){n, d}, values);
 *     artifact_attribute_text(w, "dataset", "mini");
 *     if (!artifact_commit(w, err)) ...                       // frees w either way; nothing is left behind on failure
 *
 * Write functions remember the first failure; artifact_commit reports it.
 *
 * HDF5's C library is not thread safe as distributions build it: call these functions from one thread at a time. */
#pragma once

#include "harness/base/error.h"
#include "harness/base/text.h"

#include <stddef.h>
#include <stdint.h>

char *artifact_library(void); /* "HDF5 1.10.8", as it runs; caller frees */

typedef struct ArtifactWriter ArtifactWriter;

ArtifactWriter *artifact_create(const char *path, const char *config_json, Error *err);
void artifact_write_floats(ArtifactWriter *w, const char *name, int rank, const size_t *dim, const float *values);
void artifact_write_doubles(ArtifactWriter *w, const char *name, int rank, const size_t *dim, const double *values);
void artifact_write_bytes(ArtifactWriter *w, const char *name, int rank, const size_t *dim, const uint8_t *values);
void artifact_write_int8(ArtifactWriter *w, const char *name, int rank, const size_t *dim, const int8_t *values);
void artifact_write_int32(ArtifactWriter *w, const char *name, int rank, const size_t *dim, const int32_t *values);
void artifact_write_int64(ArtifactWriter *w, const char *name, int rank, const size_t *dim, const int64_t *values);
void artifact_write_uint64(ArtifactWriter *w, const char *name, int rank, const size_t *dim, const uint64_t *values);
void artifact_write_texts(ArtifactWriter *w, const char *name, size_t count, const char *const *values); /* [count] */
/* Stored as float16, which is for numbers that it holds well, such as those of unit-length features. */
void artifact_write_halves(ArtifactWriter *w, const char *name, int rank, const size_t *dim, const float *values);
/* Floats whose rows come one after the other, for what is too large for memory: the same file as when they are written at once. `half`: as
 * artifact_write_halves. All rows come before artifact_rows_end, which frees, or the file
 * is not committed; nothing else is written meanwhile. */
typedef struct ArtifactRows ArtifactRows;
ArtifactRows *artifact_rows_begin(ArtifactWriter *w, const char *name, int rank, const size_t *dim, bool half);
void artifact_rows_add(ArtifactRows *rows, const float *values, size_t count); /* [count, dim[1], ..] */
void artifact_rows_end(ArtifactRows *rows);
/* For files that are kept with the source: compressed always. Floats are stored as float16 if `half`; they must be numbers that it
 * holds. Texts become strings of one length, padded with zeros. Read like the others. */
void artifact_write_packed_floats(ArtifactWriter *w, const char *name, int rank, const size_t *dim, const float *values,
                                  bool half);
void artifact_write_packed_texts(ArtifactWriter *w, const char *name, size_t count, const char *const *values);
void artifact_attribute_text(ArtifactWriter *w, const char *name, const char *value);
void artifact_attribute_number(ArtifactWriter *w, const char *name, double value);
void artifact_attribute_integer(ArtifactWriter *w, const char *name, int64_t value);
bool artifact_commit(ArtifactWriter *w, Error *err);
void artifact_abandon(ArtifactWriter *w); /* nothing is left; NULL is fine */

/* Joins shards: writes an artifact whose data sets `names` (NULL-terminated) are HDF5 virtual data sets, the shards' laid end to
 * end along axis 0; texts are copied. The shards stay where they are and are named relative to the folder of `path`, so that a
 * store can be moved as a whole. Fails on: a shard that is missing or damaged or lies elsewhere than in a shard folder of `path` (above),
 * types or other axes that differ. */
bool artifact_join(const char *path, const char *config_json, const char *const *shard_paths, size_t count,
                   const char *const *names, Error *err);
/* The same into an artifact that is being written, for data sets and attributes of its own beside the joined ones. */
bool artifact_write_joined(ArtifactWriter *w, const char *const *shard_paths, size_t count, const char *const *names,
                           Error *err);

/* Makes ready for reading. Call it early, before the process has threads and much memory; the first artifact_open does it too. */
void artifact_prepare(void);
typedef struct ArtifactReader ArtifactReader;

ArtifactReader *artifact_open(const char *path, Error *err);
void artifact_close(ArtifactReader *r);
/* Whether a file stands at `path`, to its last byte, that was made with exactly this configuration. One that is cut short or of
 * another configuration is to be made again; damage inside shows by its checksum when it is read. */
bool artifact_stands(const char *path, const char *config_json);
const char *artifact_path(const ArtifactReader *r);
/* Whether there is a data set of that name. One that is damaged or leads into another file counts: who reads it is told why that
 * cannot be, where passing it over would lose it without a word. */
bool artifact_has(const ArtifactReader *r, const char *name);
/* Names of the data sets at the root, in the file's order of names, those that are damaged among them. False when the list itself
 * is damaged. Caller frees with text_list_free. */
bool artifact_names(const ArtifactReader *r, TextList *names);
/* Adds the shards that its data sets are joined of, each once, named from the file's folder; none for a file of one piece. False when
 * the lists are damaged. */
bool artifact_shards(const ArtifactReader *r, TextList *shards);
enum { ARTIFACT_RANK_MAX = 8 };
/* HDF5's enumerations (h5py's bool) count as integers. */
typedef enum ArtifactType { ARTIFACT_FLOAT, ARTIFACT_INTEGER, ARTIFACT_TEXT, ARTIFACT_OTHER } ArtifactType;
typedef struct ArtifactShape {
    ArtifactType type;
    int rank;
    size_t dim[ARTIFACT_RANK_MAX];
    size_t count;
} ArtifactShape;
bool artifact_shape(const ArtifactReader *r, const char *name, ArtifactShape *s, Error *err);
/* Whole data sets, converted by HDF5 to the type asked for; allocated (big_alloc), caller frees. `rank` and `dim` say what is
 * expected: a dim of 0 is any (and is filled in). NaN or infinity in read_floats/doubles is the caller's to judge. A damaged
 * file (checksum, truncation, a shard that is gone) fails with a sentence naming the file and the data set. Integers asked for
 * must fit: 300 or 1.5 in the file is refused by read_int8, not clipped. */
bool artifact_read_floats(const ArtifactReader *r, const char *name, int rank, size_t *dim, float **values, Error *err);
bool artifact_read_doubles(const ArtifactReader *r, const char *name, int rank, size_t *dim, double **values,
                           Error *err);
bool artifact_read_bytes(const ArtifactReader *r, const char *name, int rank, size_t *dim, uint8_t **values,
                         Error *err);
bool artifact_read_int8(const ArtifactReader *r, const char *name, int rank, size_t *dim, int8_t **values, Error *err);
bool artifact_read_int32(const ArtifactReader *r, const char *name, int rank, size_t *dim, int32_t **values,
                         Error *err);
bool artifact_read_int64(const ArtifactReader *r, const char *name, int rank, size_t *dim, int64_t **values,
                         Error *err);
bool artifact_read_uint64(const ArtifactReader *r, const char *name, int rank, size_t *dim, uint64_t **values,
                          Error *err);
/* Floats piece by piece, for what is too large to be read as a whole: `take` gets them in their order, as float16 where `half` is set and
 * as float32 else. artifact_is_half: whether they are stored as float16. */
bool artifact_is_half(const ArtifactReader *r, const char *name);
typedef void ArtifactTake(void *context, const void *values, size_t bytes);
bool artifact_stream_floats(const ArtifactReader *r, const char *name, int rank, size_t *dim, bool half,
                            ArtifactTake *take, void *context, Error *err);
/* Rows first ... first + count - 1 along axis 0 of a data set of bytes, into the caller's `values`, count times the other axes; for
 * what is too large to be read as a whole. Fails as above, and on rows that are not there. */
bool artifact_read_byte_rows(const ArtifactReader *r, const char *name, size_t first, size_t count, uint8_t *values,
                             Error *err);
/* A column of strings; rank 1 is needed. */
bool artifact_read_texts(const ArtifactReader *r, const char *name, TextList *values, Error *err);
bool artifact_attribute_get_text(const ArtifactReader *r, const char *name, char **value,
                                 Error *err); /* caller frees */
bool artifact_attribute_get_number(const ArtifactReader *r, const char *name, double *value, Error *err);

bool artifact_attribute_get_integer(const ArtifactReader *r, const char *name, int64_t *value, Error *err);
bool artifact_has_attribute(const ArtifactReader *r, const char *name);
