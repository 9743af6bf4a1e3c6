/* Where an artifact came from: program, libraries, machine, time. None of it is part of a hash. */
#include "harness/stages/stage.h"

#include "harness/base/version.h"
#include "harness/graph/onednn.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* "model name" of /proc/cpuinfo; "unknown" where there is none. */
static void cpu_name(char *name, size_t size)
{
    snprintf(name, size, "unknown");
    FILE *file = fopen("/proc/cpuinfo", "r");
    if (!file) return;
    char line[512];
    while (fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon) continue;
        colon += 1 + strspn(colon + 1, " \t");
        snprintf(name, size, "%.*s", (int)strcspn(colon, "\n"), colon);
        break;
    }
    fclose(file);
}

char *provenance_text(const Stage *s, double seconds)
{
    char cpu[256], date[32];
    const time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc);
    cpu_name(cpu, sizeof cpu);

    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "version", PALBENCH_VERSION);
    cJSON_AddStringToObject(root, "onednn", onednn_version());
    cJSON_AddStringToObject(root, "compiler", __VERSION__);
    cJSON_AddStringToObject(root, "cpu", cpu);
    cJSON_AddNumberToObject(root, "threads", omp_get_max_threads());
    cJSON_AddNumberToObject(root, "seconds", seconds);
    cJSON_AddStringToObject(root, "date", date);
    cJSON_AddNumberToObject(root, "seed", (double)s->seed);
    cJSON *foretold = cJSON_AddObjectToObject(root, "foretold"); /* what calibrate.c compares with */
    cJSON_AddNumberToObject(foretold, "rule", FORETOLD_RULE);
    cJSON_AddNumberToObject(foretold, "seconds", s->seconds);
    cJSON_AddNumberToObject(foretold, "bytes", s->bytes);
    cJSON *inputs = cJSON_AddObjectToObject(root, "inputs");
    for (size_t i = 0; i < s->input_count; i++) {
        const Stage *input = s->inputs[i].stage;
        const char *file = strrchr(input->path, '/');
        cJSON_AddStringToObject(inputs, file ? file + 1 : input->path, input->hash);
    }
    char *text = json_compact(root);
    cJSON_Delete(root);
    return text;
}
