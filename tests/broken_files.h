/* Ways to break a file, and the demands on the sentence that a broken one must give. */
#pragma once

#include "tests/scratch_folder.h"

/* One line that names the place and says what is wrong. */
static inline void assert_sentence(const Error *err, const char *place, const char *what)
{
    if (!strstr(err->text, place) || !strstr(err->text, what))
        fail_msg("\"%s\" should name \"%s\" and say \"%s\"", err->text, place, what);
    assert_null(strchr(err->text, '\n'));
    assert_in_range(err->exit_status, 1, 2);
}

/* Marsaglia's xorshift: a fixed sequence for mutations. */
static inline uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13, *state ^= *state >> 17, *state ^= *state << 5;
    return *state;
}

/* Changes one to four bytes among the first `reach`: a random value, a flipped bit, or an extreme. */
static inline void mutate(char *bytes, size_t reach, uint32_t *state)
{
    for (uint32_t n = 1 + next_random(state) % 4; n; n--) {
        char *at = &bytes[next_random(state) % reach];
        switch (next_random(state) % 3) {
        case 0:
            *at = (char)next_random(state);
            break;
        case 1:
            *at = (char)(*at ^ (1 << next_random(state) % 8));
            break;
        default:
            *at = next_random(state) % 2 ? '\xff' : '\0';
        }
    }
}
