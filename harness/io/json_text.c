/* JSON as text: quoting, the canonical form that hashes of configurations are taken of, and two for readers. */
#include "harness/io/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void json_quote(Text *text, const char *string)
{
    text_add(text, "\"");
    for (const char *c = string; *c; c++) {
        const char *plain = "\"\\\b\f\n\r\t", *letter = "\"\\bfnrt", *at = strchr(plain, *c);
        if (at)
            text_addf(text, "\\%c", letter[at - plain]);
        else if ((unsigned char)*c < 0x20)
            text_addf(text, "\\u%04x", (unsigned)(unsigned char)*c);
        else
            text_add_bytes(text, c, 1);
    }
    text_add(text, "\"");
}

/* The fewest digits that read back as the same double; -0 is 0. */
static void add_number(Text *text, double number)
{
    char digits[40];
    if (number == 0) number = 0;
    if (number == trunc(number) && fabs(number) < 1e15) { /* 40, not 4e+01: these texts stand in names and tables */
        text_addf(text, "%.0f", number);
        return;
    }
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, number);
        if (strtod(digits, NULL) == number) break;
    }
    text_add(text, digits);
}

typedef enum Layout { CANONICAL, COMPACT, SPREAD } Layout;

static int by_key(const void *a, const void *b)
{
    return strcmp((*(const cJSON *const *)a)->string, (*(const cJSON *const *)b)->string);
}

static void add_value(Text *text, const cJSON *node, Layout layout, int depth);

static void add_indent(Text *text, int depth)
{
    text_add(text, "\n");
    while (depth-- > 0) text_add(text, "\t");
}

static void add_object(Text *text, const cJSON *object, Layout layout, int depth)
{
    size_t count = 0, i = 0;
    for (const cJSON *c = object->child; c; c = c->next) count++;
    const cJSON **members = xmalloc((count + 1) * sizeof *members);
    for (const cJSON *c = object->child; c; c = c->next) members[i++] = c;
    if (layout == CANONICAL) qsort(members, count, sizeof *members, by_key);
    text_add(text, "{");
    for (i = 0; i < count; i++) {
        if (i) text_add(text, ",");
        if (layout == SPREAD) add_indent(text, depth + 1);
        json_quote(text, members[i]->string);
        text_add(text, layout == SPREAD ? ":\t" : ":");
        add_value(text, members[i], layout, depth + 1);
    }
    if (layout == SPREAD) add_indent(text, depth);
    text_add(text, "}");
    free(members);
}

static void add_array(Text *text, const cJSON *array, Layout layout, int depth)
{
    text_add(text, "[");
    for (const cJSON *c = array->child; c; c = c->next) {
        add_value(text, c, layout, depth + 1);
        if (c->next) text_add(text, layout == SPREAD ? ", " : ",");
    }
    text_add(text, "]");
}

static void add_value(Text *text, const cJSON *node, Layout layout, int depth)
{
    if (cJSON_IsObject(node))
        add_object(text, node, layout, depth);
    else if (cJSON_IsArray(node))
        add_array(text, node, layout, depth);
    else if (cJSON_IsString(node))
        json_quote(text, node->valuestring);
    else if (cJSON_IsNumber(node) && isfinite(node->valuedouble))
        add_number(text, node->valuedouble);
    else
        text_add(text, cJSON_IsTrue(node) ? "true" : cJSON_IsFalse(node) ? "false" : "null");
}

static char *as_text(const cJSON *node, Layout layout)
{
    Text text = {0};
    add_value(&text, node, layout, 0);
    return text.data;
}

char *json_canonical(const cJSON *node)
{
    return as_text(node, CANONICAL);
}

char *json_compact(const cJSON *node)
{
    return as_text(node, COMPACT);
}

char *json_spread(const cJSON *node)
{
    return as_text(node, SPREAD);
}
