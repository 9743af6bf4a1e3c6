/* The version of the program. It stands here and nowhere else: the Makefile reads it, a test holds CITATION.cff and the newest heading of
 * NEWS.md against it. Artifacts carry it as an attribute; no hash is made of it. */
#pragma once

#define PALBENCH_VERSION "0.2.0"
#define PALBENCH_DATE    "November 27, 2025" /* of the manual page */
