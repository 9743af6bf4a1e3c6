/* The report of a session: a page for every suite, its tables on stdout. A suite whose name begins with "ablate" is a section of the
 * pages that have its full method (reports/ablation.h); it has a page of its own when ablations alone are asked for. */
#include "harness/base/memory.h"
#include "harness/cli/campaign.h"
#include "harness/cli/sentence.h"
#include "harness/results/import_scores.h"
#include "harness/results/picture.h"
#include "reports/ablation.h"
#include "reports/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_ablation(const char *suite)
{
    return strncmp(suite, "ablate", strlen("ablate")) == 0;
}

/* The ablation suites of the file, each with its experiments and their labels. */
typedef struct Ablations {
    AblationSuite *suites;
    ExperimentList *experiments;
    size_t count, shown; /* the first `shown` are the page's */
} Ablations;

static void ablations_free(Ablations *a)
{
    for (size_t i = 0; i < a->count; i++) {
        free((char **)a->suites[i].experiments), free((char **)a->suites[i].labels); /* the lists, not their strings */
        experiments_free(&a->experiments[i]);
    }
    free(a->suites), free(a->experiments);
}

static bool ablations_find(const Campaign *s, const Cli *cli, Ablations *a, Error *err)
{
    const Book *book = s->session.book;
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

/* Drops the suites that have no place on a page of these experiments (NULL-terminated); its own suite's ablation stays. */
static void ablations_keep(Ablations *a, const char *suite, const char *const *page, const ResultList *stored)
{
    size_t kept = 0;
    for (size_t i = 0; i < a->count; i++) {
        const AblationSuite one = a->suites[i];
        const ExperimentList list = a->experiments[i];
        if (strcmp(one.name, suite) != 0 && !ablation_belongs(&one, page, stored)) continue;
        a->suites[i] = a->suites[kept], a->experiments[i] = a->experiments[kept]; /* a swap: all of them are freed */
        a->suites[kept] = one, a->experiments[kept++] = list;
    }
    a->shown = kept;
}

static void print_tables(const ReportOptions *o)
{
    char *table = report_table_text(o->stored, o->experiments, o->labels);
    char *ablations = report_ablations_text(o->stored, o->ablations, o->ablation_count);
    char *published = report_published_text(o->stored, o->experiments, o->labels, o->published);
    puts(table);
    if (published) puts(published);
    if (ablations) puts(ablations);
    print_line("report: %s/index.html", o->out);
    free(table), free(published), free(ablations);
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
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
static void say_what_is_shown(const Campaign *s, const Cli *cli, const char *suite, Text *command, Text *title)
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

/* A page of the report that is to be written. */
typedef struct ReportPage {
    const char *suite;
    char *folder; /* reports/out/SUITE */
    ExperimentList experiments;
} ReportPage;

static bool is_left_out(const Campaign *s, const char *name)
{
    const size_t length = strlen(name);
    for (size_t i = 0; i < s->plan.left_out.count; i++)
        if (strncmp(s->plan.left_out.items[i], name, length) == 0 && s->plan.left_out.items[i][length] == ':')
            return true;
    return false;
}

/* Whether an experiment stands on its page: not when it has just failed, or was left out, and nothing of it is stored. */
static bool is_shown(const Campaign *s, const Experiment *e)
{
    return (!s->failed && !is_left_out(s, e->name)) || campaign_has_result(s, e->name);
}

static bool is_written(const Campaign *s, const ReportPage *page)
{
    for (size_t i = 0; i < page->experiments.count; i++)
        if (is_shown(s, &page->experiments.items[i])) return true;
    return false;
}

/* Pages of other suites in the folder that this one lies in: those that are there, and those that this report writes. Only where
 * folders have their suites' names: elsewhere a folder of such a name may be anything. Borrowed names; caller frees the list. */
static const char **pages_beside(const Campaign *s, const ReportPage *pages, size_t count, const ReportPage *page)
{
    const Book *book = s->session.book;
    const char **names = xcalloc(book->suite_count + 1, sizeof *names), *slash = strrchr(page->folder, '/');
    char *folder = path_folder(page->folder);
    size_t found = 0;
    for (size_t i = 0; i < book->suite_count && strcmp(slash ? slash + 1 : page->folder, page->suite) == 0; i++) {
        const char *name = book->suites[i].name;
        char *file = xformat("%s/%s/index.html", folder, name);
        bool there = path_exists(file);
        for (size_t k = 0; k < count && !there; k++)
            there = strcmp(pages[k].suite, name) == 0 && is_written(s, &pages[k]);
        if (there && strcmp(name, page->suite) != 0) names[found++] = name;
        free(file);
    }
    free(folder);
    return names;
}

/* What the store holds, read once for all pages, and what reading it gave. */
typedef struct Stored {
    ResultList results;
    TextList remarks, noted;
} Stored;

/* Published numbers lie beside the experiments file, or, of a file elsewhere, where the program is run. NULL: nowhere. */
static char *published_folder(const Campaign *s)
{
    static const char place[] = "results/published";
    char *folder = path_join(s->session.book->folder, place);
    if (path_is_folder(folder)) return folder;
    free(folder);
    return path_is_folder(place) ? xstrdup(place) : NULL;
}

static bool has_result(const ResultList *stored, const char *experiment)
{
    for (size_t i = 0; i < stored->count; i++)
        if (strcmp(stored->items[i].experiment, experiment) == 0) return true;
    return false;
}

/* Without a plan nobody knows why a result is not there: what is there is shown, and the others are named. */
static void keep_stored(const ResultList *stored, const char **names, const char **labels, TextList *remarks)
{
    TextList missing = {0};
    size_t kept = 0;
    for (size_t i = 0; names[i]; i++) {
        if (has_result(stored, names[i]))
            names[kept] = names[i], labels[kept++] = labels[i];
        else
            text_list_add(&missing, names[i]);
    }
    if (kept && missing.count) {
        names[kept] = labels[kept] = NULL;
        char *some = text_list_some(&missing, 12), *remark = xformat("No result is stored of %s", some);
        text_list_add(remarks, remark);
        free(some), free(remark);
    }
    text_list_free(&missing);
}

static bool write_page(Campaign *s, const Cli *cli, Stored *stored, const ReportPage *page, const char *const *beside,
                       Error *err)
{
    const ExperimentList *list = &page->experiments;
    Ablations ablations = {0};
    Text command = {0}, title = {0};
    const size_t room = list->count + stored->results.count + 1;
    const char **own = xcalloc(room, sizeof *own), **names = xcalloc(room, sizeof *names),
               **labels = xcalloc(room, sizeof *labels);
    for (size_t i = 0, count = 0; i < list->count; i++) {
        own[i] = list->items[i].name;
        if (is_shown(s, &list->items[i])) names[count] = list->items[i].name, labels[count++] = list->items[i].label;
    }
    if (!s->plan.experiments) keep_stored(&stored->results, names, labels, &stored->remarks);
    if (!is_ablation(page->suite)) add_imported(&stored->results, names, labels);
    say_what_is_shown(s, cli, page->suite, &command, &title);
    char *published = published_folder(s);
    bool good = ablations_find(s, cli, &ablations, err);
    if (good) ablations_keep(&ablations, page->suite, own, &stored->results);
    const ReportOptions options = {
        .title = title.data,
        .experiments = names,
        .labels = labels,
        .ablations = ablations.suites,
        .ablation_count = ablations.shown,
        .beside = beside,
        .store = cli->store,
        .stored = &stored->results,
        .remarks = &stored->remarks,
        .published = published,
        .out = page->folder,
        .progress = cli->progress,
        .picture = picture_of_result,
        .has_pictures = result_has_pictures,
        .picture_context = &s->session,
        .noted = &stored->noted,
        .command = command.data,
    };
    good = good && report_write(&options, err);
    if (good) print_tables(&options);
    ablations_free(&ablations);
    text_free(&command), text_free(&title);
    free(published);
    free(own), free(labels), free(names);
    return good;
}

/* The suites that have a page, with their experiments and folders: the chosen ones, without ablations unless there are no others. */
static bool choose_pages(const Campaign *s, const Cli *cli, const char *out, ReportPage *pages, size_t *count,
                         Error *err)
{
    size_t others = 0;
    *count = 0;
    for (size_t i = 0; i < s->suites.count; i++) others += !is_ablation(s->suites.items[i]);
    const size_t wanted = others ? others : s->suites.count;
    for (size_t i = 0; i < s->suites.count; i++) {
        const char *suite = s->suites.items[i];
        if (others && is_ablation(suite)) continue;
        ReportPage *page = &pages[(*count)++];
        *page = (ReportPage){.suite = suite};
        page->folder = !out ? xformat("reports/out/%s", suite) : wanted > 1 ? path_join(out, suite) : xstrdup(out);
        Selection selection = {.suite = suite, .sets = &s->sets};
        if (!cli_size(cli, "limit", 0, 1, 1u << 30, &selection.limit, err) ||
            !book_select(s->session.book, &selection, &page->experiments, err))
            return false;
    }
    return true;
}

/* The time of the oldest page; false when one is not there. */
static bool oldest_page(const Campaign *s, struct timespec *oldest)
{
    size_t others = 0;
    *oldest = (struct timespec){.tv_sec = INT64_MAX};
    for (size_t i = 0; i < s->suites.count; i++) others += !is_ablation(s->suites.items[i]);
    for (size_t i = 0; i < s->suites.count; i++) {
        if (others && is_ablation(s->suites.items[i])) continue;
        struct stat info;
        char *file = xformat("reports/out/%s/index.html", s->suites.items[i]);
        const bool there = stat(file, &info) == 0;
        free(file);
        if (!there) return false;
        if (is_before(&info.st_mtim, oldest)) *oldest = info.st_mtim;
    }
    return true;
}

bool campaign_report_stands(const Campaign *s)
{
    struct timespec oldest;
    if (!oldest_page(s, &oldest)) return false;
    for (size_t i = 0; i < s->plan.count; i++) {
        const Stage *stage = s->plan.stages[i];
        struct stat info;
        if (!stage->asked) continue;
        if (stat(stage->path, &info) != 0 || is_before(&oldest, &info.st_mtim)) return false;
    }
    return true;
}

bool campaign_report(Campaign *s, const Cli *cli, const char *out, Error *err)
{
    ReportPage *pages = xcalloc(s->suites.count + 1, sizeof *pages);
    Stored stored = {0};
    size_t count, printed = 0;
    bool good = choose_pages(s, cli, out, pages, &count, err) &&
                results_load(cli->store, NULL, &stored.results, &stored.remarks, err);
    plan_left_out(&s->plan, &stored.remarks);
    for (size_t i = 0; i < count && good; i++) {
        if (count > 1 && printed++) puts("");
        if (count > 1) print_line("%s", pages[i].suite);
        if (!is_written(s, &pages[i])) continue;
        const char **beside = pages_beside(s, pages, count, &pages[i]);
        good = write_page(s, cli, &stored, &pages[i], beside, err);
        free(beside);
    }
    for (size_t i = 0; i < count; i++) {
        free(pages[i].folder);
        experiments_free(&pages[i].experiments);
    }
    free(pages);
    results_free(&stored.results);
    text_list_free(&stored.remarks);
    text_list_free(&stored.noted);
    return good;
}
