/* What the tests of reports share. */
#pragma once

#include "harness/base/memory.h"
#include "reports/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* The report of what the options' store holds now. */
static inline bool report_of_store(ReportOptions options, Error *err)
{
    ResultList stored = {0};
    TextList remarks = {0};
    bool good = results_load(options.store, NULL, &stored, &remarks, err);
    options.stored = &stored;
    options.remarks = &remarks;
    good = good && report_write(&options, err);
    results_free(&stored);
    text_list_free(&remarks);
    return good;
}

/* The text of FOLDER/NAME; caller frees. */
static inline char *contents(const char *folder, const char *name)
{
    Error err;
    char *data = NULL, *path = path_join(folder, name);
    size_t length = 0;
    if (!read_file(path, 1 << 26, &data, &length, &err)) fail_msg("%s", err.text);
    free(path);
    return data;
}

static inline int remove_folder(const char *folder)
{
    char *command = xformat("rm -rf '%s'", folder);
    const int status = system(command);
    free(command);
    return status;
}
