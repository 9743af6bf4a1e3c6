/* Cases as data, so that a stranger adds one without C (tests/cases):
 *
 *     == VERDICT: NAME       begins a case
 *     LINE                   its body, line by line
 *     -- WORDS               what a sentence must hold; any number of lines
 *     # REMARK               anywhere; blank lines say nothing either */
#pragma once

#include "harness/base/lines.h"
#include "tests/scratch_folder.h"

#include <cjson/cJSON.h>

typedef struct Case {
    char *verdict, *name;
    TextList body, words;
} Case;

typedef struct CaseFile {
    Case *cases;
    size_t count;
} CaseFile;

static inline void case_begin(CaseFile *file, const char *path, const char *line)
{
    const char *colon = strchr(line, ':');
    Case new = {.verdict = colon ? xformat("%.*s", (int)(colon - line), line) : xstrdup(line)};
    new.name = xstrdup(colon ? colon + 1 + strspn(colon + 1, " ") : "");
    for (size_t i = 0; i < file->count; i++)
        if (*new.name && strcmp(file->cases[i].name, new.name) == 0)
            fail_msg("%s: \"%s\" stands twice", path, new.name);
    file->cases = xrealloc(file->cases, (file->count + 1) * sizeof *file->cases);
    file->cases[file->count++] = new;
}

static inline CaseFile case_file_read(const char *path)
{
    Error err;
    TextList lines = {0};
    CaseFile file = {0};
    if (!read_lines(path, 1 << 24, &lines, &err)) fail_msg("%s", err.text);
    for (size_t i = 0; i < lines.count; i++) {
        const char *line = lines.items[i];
        if (*line == 0 || *line == '#') continue;
        if (strncmp(line, "== ", 3) == 0) {
            case_begin(&file, path, line + 3);
        } else if (file.count == 0) {
            fail_msg("%s:%zu: no case has begun", path, i + 1);
        } else {
            Case *c = &file.cases[file.count - 1];
            const bool word = strncmp(line, "-- ", 3) == 0;
            text_list_add(word ? &c->words : &c->body, word ? line + 3 : line);
        }
    }
    text_list_free(&lines);
    return file;
}

static inline void case_file_free(CaseFile *file)
{
    for (size_t i = 0; i < file->count; i++) {
        free(file->cases[i].verdict);
        free(file->cases[i].name);
        text_list_free(&file->cases[i].body);
        text_list_free(&file->cases[i].words);
    }
    free(file->cases);
    *file = (CaseFile){0};
}

/* The body in one piece; caller frees. */
static inline char *case_body(const Case *c)
{
    Text text = {0};
    text_add(&text, "");
    for (size_t i = 0; i < c->body.count; i++) text_addf(&text, "%s\n", c->body.items[i]);
    return text.data ? text.data : xstrdup("");
}

/* ---- files of which every line of a body is a case: THIS -> THAT ---- */

/* What a side of such a line means: a JSON string when it begins with ", otherwise itself without the blanks at its ends. Caller frees. */
static inline char *case_side(const char *text, size_t length)
{
    while (length && *text == ' ') text++, length--;
    while (length && text[length - 1] == ' ') length--;
    char *side = xformat("%.*s", (int)length, text);
    if (*side != '"') return side;
    cJSON *string = cJSON_Parse(side);
    if (!cJSON_IsString(string)) fail_msg("no JSON string: %s", side);
    free(side);
    side = xstrdup(string->valuestring);
    cJSON_Delete(string);
    return side;
}

static inline void case_sides(const char *line, char **left, char **right)
{
    const char *arrow = NULL;
    for (const char *at = line; (at = strstr(at, "->")); at += 2) arrow = at;
    if (!arrow) fail_msg("no \"->\": %s", line);
    *left = case_side(line, (size_t)(arrow - line));
    *right = case_side(arrow + 2, strlen(arrow + 2));
}

typedef struct CaseLine { /* the state of its test */
    const Case *section;
    const char *line;
} CaseLine;

/* Runs a test a line of the file, which is its name; `check` gets its CaseLine. Returns how many failed. */
static inline int case_lines_run(const char *path, CMUnitTestFunction check, CMFixtureFunction set_up,
                                 CMFixtureFunction tear_down)
{
    CaseFile file = case_file_read(path);
    size_t count = 0, all = 0;
    for (size_t i = 0; i < file.count; i++) all += file.cases[i].body.count;
    CaseLine *states = xcalloc(all, sizeof *states);
    struct CMUnitTest *tests = xcalloc(all, sizeof *tests);
    for (size_t i = 0; i < file.count; i++) {
        const Case *section = &file.cases[i];
        for (size_t k = 0; k < section->body.count; k++, count++) {
            states[count] = (CaseLine){section, section->body.items[k]};
            char *name = xformat("case %s: %s", section->verdict, section->body.items[k]);
            tests[count] = (struct CMUnitTest){.name = name, .test_func = check, .initial_state = &states[count]};
        }
    }
    const int failed = _cmocka_run_group_tests(path, tests, count, set_up, tear_down);
    for (size_t i = 0; i < count; i++) free((char *)tests[i].name);
    free(tests);
    free(states);
    case_file_free(&file);
    return failed;
}
