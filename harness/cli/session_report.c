/* The report of a session: a page for every suite, its tables on stdout. Suites whose name begins with "ablate" are sections of
 * the others' pages; one has a page of its own when it is asked for alone. */
#include "harness/base/memory.h"
#include "harness/bench/import_scores.h"
#include "harness/bench/picture.h"
#include "harness/cli/session.h"
#include "reports/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_ablation(const char *suite)
{
    return strncmp(suite, "ablate", strlen("ablate")) == 0;
}

/* The ablation suites of the file, each with its experiments and their labels. */
typedef struct Ablations {
    AblationSuite *suites;
    ExperimentList *experiments;
    size_t count;
} Ablations;

static void ablations_free(Ablations *a)
{
    for (size_t i = 0; i < a->count; i++) {
        free((char **)a->suites[i].experiments), free((char **)a->suites[i].labels); /* the lists, not their strings */
        experiments_free(&a->experiments[i]);
    }
    free(a->suites), free(a->experiments);
}

static bool ablations_find(const Session *s, const Cli *cli, Ablations *a, Error *err)
{
    const Book *book = s->bench.book;
    Selection selection = {.sets = &s->sets};
    *a = (Ablations){.suites = xcalloc(book->suite_count + 1, sizeof *a->suites),
                     .experiments = xcalloc(book->suite_count + 1, sizeof *a->experiments)};
    if (!cli_size(cli, "limit", 0, 1, 1u << 30, &selection.limit, err)) return false;
    for (size_t i = 0; i < book->suite_count; i++) {
        selection.suite = book->suites[i].name;
        if (!is_ablation(selection.suite)) continue;
        ExperimentList *list = &a->experiments[a->count];
        if (!book_select(book, &selection, list, err)) {
            experiments_free(list);
            return false;
        }
        const char **names = xcalloc(list->count + 1, sizeof *names),
                   **labels = xcalloc(list->count + 1, sizeof *labels);
        for (size_t k = 0; k < list->count; k++) names[k] = list->items[k].name, labels[k] = list->items[k].label;
        a->suites[a->count++] = (AblationSuite){selection.suite, names, labels};
    }
    return true;
}

static bool print_tables(const Cli *cli, const ReportOptions *o, Error *err)
{
    ResultList results = {0};
    if (!results_load(cli->store, NULL, &results, NULL, err)) return false;
    char *table = report_table_text(&results, o->experiments, o->labels);
    char *ablations = report_ablations_text(&results, o->ablations, o->ablation_count);
    puts(table);
    if (ablations) puts(ablations);
    printf("report: %s/index.html\n", o->out);
    free(table), free(ablations);
    results_free(&results);
    return true;
}

static bool among(const char *const *names, const char *name)
{
    while (*names && strcmp(*names, name) != 0) names++;
    return *names != NULL;
}

static bool same_column(const StoredResult *a, const StoredResult *b)
{
    return strcmp(a->dataset, b->dataset) == 0 && strcmp(a->protocol, b->protocol) == 0;
}

/* Puts the imported results of a suite's data sets and protocols at the end of its experiments. names, labels: NULL-terminated, with
 * room for all of `stored`, from which they borrow. */
static void add_imported(const ResultList *stored, const char **names, const char **labels)
{
    size_t count = 0;
    while (names[count]) count++;
    for (size_t i = 0; i < stored->count; i++) {
        const StoredResult *r = &stored->items[i];
        bool beside = false;
        if (strcmp(r->method, stage_imported.name) != 0 || among(names, r->experiment)) continue;
        for (size_t k = 0; k < stored->count && !beside; k++)
            beside = same_column(&stored->items[k], r) && among(names, stored->items[k].experiment);
        if (beside) names[count] = r->experiment, labels[count++] = r->experiment;
    }
}

/* The command that writes the page again, and its heading. */
static void say_what_is_shown(const Session *s, const Cli *cli, const char *suite, Text *command, Text *title)
{
    const char *limit = cli_value(cli, "limit");
    text_addf(command, "palbench report --suite %s", suite);
    text_add(title, suite);
    for (size_t i = 0; i < s->sets.count; i++) {
        text_addf(command, " --set '%s'", s->sets.items[i]);
        text_addf(title, ", %s", s->sets.items[i]);
    }
    if (!limit) return;
    text_addf(command, " --limit %s", limit);
    text_addf(title, ", limited to %s images", limit);
}

static bool report_list(Session *s, const Cli *cli, const char *suite, const char *folder, const ExperimentList *list,
                        Error *err)
{
    ResultList stored = {0};
    if (!results_load(cli->store, NULL, &stored, NULL, err)) return false;
    const size_t room = list->count + stored.count + 1;
    const char **names = xcalloc(room, sizeof *names), **labels = xcalloc(room, sizeof *labels);
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++)
        if (!s->failed || session_has_result(s, list->items[i].name))
            names[count] = list->items[i].name, labels[count++] = list->items[i].label;
    if (count && !is_ablation(suite)) add_imported(&stored, names, labels);
    Text command = {0}, title = {0};
    say_what_is_shown(s, cli, suite, &command, &title);
    Ablations ablations;
    bool good = ablations_find(s, cli, &ablations, err);
    const ReportOptions options = {
        .title = title.data,
        .experiments = names,
        .labels = labels,
        .ablations = ablations.suites,
        .ablation_count = ablations.count,
        .store = cli->store,
        .out = folder,
        .progress = cli->progress,
        .picture = picture_of_result,
        .picture_context = &s->bench,
        .command = command.data,
    };
    good = good && (count == 0 || (report_write(&options, err) && print_tables(cli, &options, err)));
    ablations_free(&ablations);
    text_free(&command);
    text_free(&title);
    free(labels);
    free(names);
    results_free(&stored);
    return good;
}

static bool report_suite(Session *s, const Cli *cli, const char *suite, const char *out, size_t pages, Error *err)
{
    Selection selection = {.suite = suite, .sets = &s->sets};
    ExperimentList list = {0};
    char *folder = !out ? xformat("reports/out/%s", suite) : pages > 1 ? path_join(out, suite) : xstrdup(out);
    const bool good = cli_size(cli, "limit", 0, 1, 1u << 30, &selection.limit, err) &&
                      book_select(s->bench.book, &selection, &list, err) &&
                      report_list(s, cli, suite, folder, &list, err);
    experiments_free(&list);
    free(folder);
    return good;
}

bool session_report(Session *s, const Cli *cli, const char *out, Error *err)
{
    size_t pages = 0, printed = 0;
    for (size_t i = 0; i < s->suites.count; i++) pages += !is_ablation(s->suites.items[i]);
    const bool ablations_alone = pages == 0;
    if (ablations_alone) pages = s->suites.count;
    bool good = true;
    for (size_t i = 0; i < s->suites.count && good; i++) {
        const char *suite = s->suites.items[i];
        if (!ablations_alone && is_ablation(suite)) continue;
        if (pages > 1) printf("%s%s\n", printed++ ? "\n" : "", suite);
        good = report_suite(s, cli, suite, out, pages, err);
    }
    return good;
}
