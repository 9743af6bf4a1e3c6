/* Inside the repair of wrongly read text: its tables (generated: mojibake_tables.c) and its step over bytes. */
#pragma once

#include "harness/clip/points.h"

enum {
    MOJIBAKE_SET = 9,        /* bytes of a set of classes; class k is bit k % 8 of byte k / 8 */
    BEGINS_2 = 1,            /* roles of a character: it may stand for the first byte of UTF-8 of two, */
    BEGINS_3 = 2,            /* three */
    BEGINS_4 = 4,            /* and four bytes, */
    CONTINUES = 8,           /* for a later one, */
    CONTINUES_STRICTLY = 16, /* and for nothing else (a blank may) */
};

typedef struct MojibakeRange { /* characters from first to last; class 0 is bad wherever it stands */
    uint16_t first, last;
    uint8_t class, roles;
} MojibakeRange;

typedef struct MojibakeDefaults { /* classes of characters in no range */
    uint8_t word, blank, other;
} MojibakeDefaults;

typedef struct MojibakeTriple { /* bad with any third of the set */
    uint8_t first, second;
    uint8_t third[MOJIBAKE_SET];
} MojibakeTriple;

typedef struct MojibakeByte {
    uint16_t character;
    uint8_t byte;
} MojibakeByte;

typedef struct MojibakeEncoding {
    const char *name;
    const MojibakeByte *bytes; /* [128] by character: what bytes 128 to 255 stand for */
    bool sloppy;               /* byte 0x1A stands for U+FFFD */
} MojibakeEncoding;

extern const MojibakeRange mojibake_ranges[];
extern const MojibakeDefaults mojibake_defaults;
extern const uint8_t mojibake_pairs[][MOJIBAKE_SET];   /* of the first class: the second ones that make a bad pair */
extern const uint8_t mojibake_doubled[][MOJIBAKE_SET]; /* the same, bad where two such pairs stand side by side */
extern const MojibakeTriple mojibake_triples[];        /* by first, then second class */
extern const MojibakeEncoding
    mojibake_encodings[]; /* in the order in which they are tried: Latin-1, Windows-1252, ... */
extern const size_t mojibake_ranges_count, mojibake_triples_count, mojibake_encodings_count;

/* ---- mojibake_bytes.c ---- */

typedef struct Bytes { /* {0} is empty; `at` is freed by its user */
    uint8_t *at;
    size_t count, capacity;
} Bytes;

/* The text as bytes of the encoding (`bytes` is emptied first); false where a character has none. */
bool mojibake_encode(const MojibakeEncoding *e, const Points *text, Bytes *bytes);
/* Puts back what got lost on the way: 0x20 for 0xA0 inside UTF-8, "?" or 0x1A for any byte of it. */
void mojibake_restore(const MojibakeEncoding *e, Bytes *bytes);
/* UTF-8 to characters, also a pair of surrogates written as two (CESU-8) and zero as C0 80 (Java); false where it is none. */
bool mojibake_decode(const Bytes *bytes, Points *text);
