/* Slurm: submit.sh gives sbatch an array for each of the plan's, and task.sh is what a task of an array runs. What is
 * missing and what is in the queue is asked when submit.sh runs, not when it is written; so is MaxArraySize. */
#include "harness/cluster/export.h"

#include <stdlib.h>
#include <string.h>

/* KEY=VALUE for sbatch, or a module to load. */
static bool check_options(const TextList *options, Error *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz-";
    for (size_t i = 0; i < options->count; i++) {
        const char *option = options->items[i];
        const size_t key = strspn(option, letters);
        if (!key || option[key] != '=' || !option[key + 1] || strchr(option, '\n'))
            return fail_usage(err,
                              "--slurm '%s': an option of sbatch is needed, as partition=long or account=vision, "
                              "or module=NAME",
                              option);
    }
    return true;
}

static bool is_module(const char *option)
{
    return text_begins(option, "module=");
}

static bool is_given(const TextList *options, const char *key)
{
    const size_t length = strlen(key);
    for (size_t i = 0; i < options->count; i++)
        if (strncmp(options->items[i], key, length) == 0 && options->items[i][length] == '=') return true;
    return false;
}

static bool write_task(const Export *e, Error *err)
{
    Text text = {0};
    text_add(&text, "#!/bin/sh\n");
    export_head(&text, "A task of a Slurm array: task $1 + SLURM_ARRAY_TASK_ID of plan.json; submit.sh submits it.");
    for (size_t i = 0; i < e->engine->count; i++) {
        if (!is_module(e->engine->items[i])) continue;
        text_add(&text, "module load ");
        export_shell_word(&text, e->engine->items[i] + strlen("module="));
        text_add(&text, "\n");
    }
    text_add(&text, "program=${PALBENCH:-"), export_shell_word(&text, e->program);
    text_add(&text, "}\nexec \"$program\" work "), export_shell_word(&text, e->folder);
    text_add(&text, "/plan.json --task auto --from \"$1\"\n");
    return export_file(e, "task.sh", &text, err);
}

/* What sbatch is told of every array; --slurm before what is ours. */
static void add_options(Text *text, const Export *e)
{
    text_add(text, "    job=$(sbatch --parsable --ntasks=1 --requeue --kill-on-invalid-dep=yes --open-mode=append \\\n"
                   "        --job-name=\"$mark-$from\" --array=\"$list\" --output=\"$folder/log/%x-%a.log\"");
    if (!is_given(e->engine, "cpus-per-task")) text_addf(text, " --cpus-per-task=%zu", e->threads);
    if (!is_given(e->engine, "mem")) text_add(text, " --mem=\"${memory}M\"");
    if (!is_given(e->engine, "time")) text_add(text, " --time=\"$minutes\"");
    text_add(text, " \\\n        ");
    for (size_t i = 0; i < e->engine->count; i++) {
        if (is_module(e->engine->items[i])) continue;
        text_add(text, "--"), export_shell_word(text, e->engine->items[i]), text_add(text, " ");
    }
    text_add(text, "$after \"$folder/task.sh\" \"$from\")\n");
}

static const char beginning[] =
    "missing=$(\"$program\" work \"$folder/plan.json\" --missing)\n"
    "most=$(scontrol show config | sed -n 's/^MaxArraySize *= *//p')\n"
    "most=${most:-1001}\n"
    "# JOB FROM TASK: what is in the queue.\n"
    "queued=$(squeue --noheader --array --user=\"$(id -un)\" --format='%F %j %K' | awk -v mark=\"$mark-\" '\n"
    "    index($2, mark) == 1 {from = substr($2, length(mark) + 1); print $1, from, from + $3}')\n"
    "jobs=0\n"
    "\n"
    "# FROM COUNT: which of the tasks FROM ... are missing and not in the queue, counted from FROM, as --array takes "
    "them.\n"
    "indices() {\n"
    "    { echo \"$queued\" | awk 'NF {print \"queued\", $3}'; echo \"$missing\"; } | awk -v from=\"$1\" -v "
    "count=\"$2\" '\n"
    "        function flush() {if (n) printf \"%s%s\", out++ ? \",\" : \"\", first == last ? first : first \"-\" "
    "last}\n"
    "        $1 == \"queued\" {queued[$2] = 1; next}\n"
    "        !NF || $1 < from || $1 >= from + count || queued[$1] {next}\n"
    "        n && $1 - from == last + 1 {last++; next}\n"
    "        {flush(); first = last = $1 - from; n = 1}\n"
    "        END {flush()}'\n"
    "}\n"
    "\n"
    "# The --dependency of an array with these indices on those that begin with the tasks \"$@\"; = in front: of each "
    "task on\n"
    "# the same one there.\n"
    "dependency() {\n"
    "    own=$1 all= each=\n"
    "    shift\n"
    "    for need in \"$@\"; do\n"
    "        first=${need#=}\n"
    "        eval \"ids=\\$ids_$first list=\\$list_$first\"\n"
    "        if [ -z \"$ids\" ]; then continue\n"
    "        elif [ \"$first\" != \"$need\" ] && [ \"$own\" = \"$list\" ] && [ \"${ids#:*:}\" = \"$ids\" ]; then "
    "each=$each$ids\n"
    "        else all=$all$ids; fi\n"
    "    done\n"
    "    [ -z \"$all$each\" ] || echo \"--dependency=${all:+afterok$all}${all:+${each:+,}}${each:+aftercorr$each}\"\n"
    "}\n"
    "\n"
    "# FIRST COUNT MEGABYTES MINUTES NEED...: an array of the plan, cut where MaxArraySize would be passed.\n"
    "array() {\n"
    "    begin=$1 end=$(($1 + $2)) memory=$3 minutes=$4\n"
    "    shift 4\n"
    "    from=$begin ids_here= list_here=\n"
    "    while [ \"$from\" -lt \"$end\" ]; do\n"
    "        count=$((end - from))\n"
    "        [ \"$count\" -le \"$most\" ] || count=$most\n"
    "        for job in $(echo \"$queued\" | awk -v from=\"$from\" '$2 == from {print $1}' | sort -u); do\n"
    "            ids_here=$ids_here:$job list_here=queued\n"
    "        done\n"
    "        list=$(indices \"$from\" \"$count\")\n"
    "        if [ -n \"$list\" ]; then submit \"$@\"; fi\n"
    "        from=$((from + count))\n"
    "    done\n"
    "    eval \"ids_$begin=\\$ids_here list_$begin=\\$list_here\"\n"
    "}\n"
    "\n"
    "submit() {\n"
    "    own=$list after=$(dependency \"$list\" \"$@\")\n";

static const char end_of_submit[] = "    ids_here=$ids_here:${job%%;*} list_here=$list_here$own jobs=$((jobs + 1))\n"
                                    "}\n"
                                    "\n";

static const char ending[] =
    "\n"
    "if [ \"$jobs\" -gt 0 ]; then echo \"submitted $jobs arrays; logs: $folder/log\"\n"
    "elif [ -n \"$queued\" ]; then echo \"nothing to submit: what is missing is in the queue\"\n"
    "else echo \"nothing to submit: everything is stored\"; fi\n";

static void add_array(Text *text, const Tasks *tasks, const TaskArray *a)
{
    text_addf(text, "array %zu %zu %zu %zu", a->first, a->count, export_megabytes(a->memory),
              export_minutes(a->seconds));
    for (size_t i = 0; i < a->need_count; i++)
        text_addf(text, " %s%zu", a->needs[i].each ? "=" : "", tasks->arrays[a->needs[i].array].first);
    text_addf(text, " # %s\n", a->name);
}

static bool write_slurm(const Export *e, Error *err)
{
    Text text = {0};
    if (!check_options(e->engine, err) || !write_task(e, err)) return false;
    text_add(&text, "#!/bin/sh\n");
    export_head(&text, "Submits to Slurm what is missing of plan.json and not in the queue, and returns.");
    text_add(&text, "set -eu\nprogram=${PALBENCH:-"), export_shell_word(&text, e->program);
    text_add(&text, "}\nfolder="), export_shell_word(&text, e->folder);
    text_addf(&text, " mark=%s\nmkdir -p \"$folder/log\"\n", e->mark);
    text_add(&text, beginning);
    add_options(&text, e);
    text_add(&text, end_of_submit);
    for (size_t i = 0; i < e->tasks->array_count; i++) add_array(&text, e->tasks, &e->tasks->arrays[i]);
    text_add(&text, ending);
    return export_file(e, "submit.sh", &text, err);
}

const ExportFormat export_slurm = {.name = "slurm", .file = "submit.sh", .next = "sh %s", .write = write_slurm};
