/* cJSON values printed and deleted at once. NaN and infinity, for which JSON has no word, become null. */
#include "harness/cli/json_out.h"

#include "harness/base/shown.h"
#include "harness/io/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

void json_out_number(cJSON *object, const char *name, double value)
{
    if (isfinite(value))
        cJSON_AddNumberToObject(object, name, value);
    else
        cJSON_AddNullToObject(object, name);
}

/* JSON may hold what a terminal obeys: cJSON escapes control characters below the blank alone. \u009b is the same JSON. */
static void add_escaped(const char *json, Text *out)
{
    ucs4_t c;
    for (size_t left = strlen(json); left;) {
        const int used = u8_mbtoucr(&c, (const uint8_t *)json, left);
        const size_t bytes = used > 0 ? (size_t)used : 1;
        if (used <= 0) /* a file's name may be anything, JSON is UTF-8 */
            text_add(out, "\\ufffd");
        else if (c < 0x10000 && c >= 0x7f && unshowable(c))
            text_addf(out, "\\u%04x", (unsigned)c);
        else
            text_add_bytes(out, json, bytes);
        json += bytes, left -= bytes;
    }
}

static void print_and_delete(cJSON *value, char *text)
{
    Text out = {0};
    if (text) {
        add_escaped(text, &out);
        puts(out.data);
    }
    text_free(&out);
    free(text);
    cJSON_Delete(value);
}

void json_out_print(cJSON *value)
{
    print_and_delete(value, json_spread(value));
}

enum { WIDTH = 120, INDENT = 2 };

/* `taken`: columns of the line that are used already, and one that a comma will be. */
static void add_wrapped(Text *out, const cJSON *value, size_t depth, size_t taken)
{
    char *line = cJSON_PrintUnformatted(value);
    const bool fits = taken + strlen(line) <= WIDTH || !value->child;
    if (fits) text_add(out, line);
    free(line);
    if (fits) return;
    text_add(out, cJSON_IsObject(value) ? "{" : "[");
    for (const cJSON *item = value->child; item; item = item->next) {
        const size_t begin = out->length + 1;
        text_addf(out, "\n%*s", (int)((depth + 1) * INDENT), "");
        if (item->string) {
            json_quote(out, item->string);
            text_add(out, ": ");
        }
        add_wrapped(out, item, depth + 1, out->length - begin + 1);
        if (item->next) text_add(out, ",");
    }
    text_addf(out, "\n%*s%s", (int)(depth * INDENT), "", cJSON_IsObject(value) ? "}" : "]");
}

void json_out_wrapped(cJSON *value)
{
    Text text = {0};
    add_wrapped(&text, value, 0, 0);
    print_and_delete(value, text.data);
}

void json_out_line(cJSON *value)
{
    print_and_delete(value, json_compact(value));
}
