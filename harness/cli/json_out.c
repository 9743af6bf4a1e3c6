/* cJSON values printed and deleted at once. NaN and infinity, for which JSON has no word, become null. */
#include "harness/cli/json_out.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void json_out_number(cJSON *object, const char *name, double value)
{
    if (isfinite(value))
        cJSON_AddNumberToObject(object, name, value);
    else
        cJSON_AddNullToObject(object, name);
}

static void print_and_delete(cJSON *value, char *text)
{
    if (text) puts(text);
    free(text);
    cJSON_Delete(value);
}

void json_out_print(cJSON *value)
{
    print_and_delete(value, cJSON_Print(value));
}

void json_out_line(cJSON *value)
{
    print_and_delete(value, cJSON_PrintUnformatted(value));
}
