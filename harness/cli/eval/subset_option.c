/* What stands behind the first "=" is a file where there is one of that name, else a list. */
#include "harness/cli/eval/subset_option.h"

#include "harness/base/lines.h"
#include "harness/base/memory.h"
#include "harness/base/nfc.h"

#include <stdlib.h>
#include <string.h>

static void split(const char *list, TextList *members)
{
    while (*list) {
        const size_t length = strcspn(list, ",");
        if (length) text_list_add_bytes(members, list, length);
        list += length + (list[length] == ',');
    }
}

static bool take_name(void *members, const Line *line, Error *err)
{
    (void)err;
    if (!line_is_blank(line)) text_list_add(members, line->text);
    return true;
}

static bool read_one(const char *given, const TextList *names, SubsetList *subsets, Error *err)
{
    const char *equals = strchr(given, '='); /* subset_option_check saw it */
    char *name = xformat("%.*s", (int)(equals - given), given);
    TextList members = {0};
    bool good = check_utf8("--subset", given, err);
    if (good && path_is_file(equals + 1))
        good = lines_read(equals + 1, take_name, &members, err);
    else
        split(equals + 1, &members);
    text_list_nfc(&members);
    good = good && subset_add(subsets, name, &members, names, err);
    text_list_free(&members);
    free(name);
    return good;
}

bool subset_option_check(const Cli *cli, Error *err)
{
    TextList given = {0};
    cli_values(cli, "subset", &given);
    bool good = true;
    for (size_t i = 0; good && i < given.count; i++) {
        const char *equals = strchr(given.items[i], '=');
        if (!equals || equals == given.items[i] || !equals[1])
            good = cli_misuse(cli, err, "--subset %s: NAME=FILE or NAME=class,class is needed", given.items[i]);
    }
    text_list_free(&given);
    return good;
}

bool subset_option_read(const Cli *cli, const TextList *names, SubsetList *subsets, Error *err)
{
    TextList given = {0};
    cli_values(cli, "subset", &given);
    bool good = true;
    for (size_t i = 0; good && i < given.count; i++) good = read_one(given.items[i], names, subsets, err);
    text_list_free(&given);
    return good;
}
