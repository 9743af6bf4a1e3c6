/* Snakemake: one rule for all tasks, whose needs and resources it reads from plan.json. A task's mark, done/NUMBER, is
 * laid or taken away by what the store holds when Snakemake begins, so that it never says what is not so. */
#include "harness/cluster/export.h"

#include "harness/io/json.h"

static const char rules[] =
    "with open(os.path.join(FOLDER, \"plan.json\")) as file:\n"
    "    PLAN = json.load(file)\n"
    "TASKS = PLAN[\"tasks\"]\n"
    "DONE = os.path.join(FOLDER, \"done\")\n"
    "WORK = f\"{shlex.quote(PROGRAM)} work {shlex.quote(os.path.join(FOLDER, 'plan.json'))}\"\n"
    "\n"
    "\n"
    "def mark(task):\n"
    "    return os.path.join(DONE, str(task))\n"
    "\n"
    "\n"
    "if workflow.is_main_process:  # not in its jobs\n"
    "    missing = subprocess.run(WORK + \" --missing\", shell=True, check=True, "
    "stdout=subprocess.PIPE).stdout.split()\n"
    "    missing = {int(task) for task in missing}\n"
    "    os.makedirs(DONE, exist_ok=True)\n"
    "    for task in range(len(TASKS)):\n"
    "        if task in missing and os.path.exists(mark(task)):\n"
    "            os.unlink(mark(task))\n"
    "        elif task not in missing and not os.path.exists(mark(task)):\n"
    "            open(mark(task), \"w\").close()\n"
    "\n"
    "\n"
    "rule all:\n"
    "    input: [mark(task) for task in range(len(TASKS))]\n"
    "\n"
    "\n"
    "rule task:\n"
    "    input: lambda w: [mark(need) for need in TASKS[int(w.task)][\"needs\"]]\n"
    "    output: touch(os.path.join(DONE, \"{task}\"))\n"
    "    wildcard_constraints: task=\"[0-9]+\"\n"
    "    threads: PLAN[\"threads\"]\n"
    "    resources:\n"
    "        mem_mb=lambda w: int(TASKS[int(w.task)][\"bytes\"] / 2**20) + 1,\n"
    "        runtime=lambda w: int(TASKS[int(w.task)][\"seconds\"] / 20) + 10,\n"
    "    shell: WORK.replace(\"{\", \"{{\").replace(\"}\", \"}}\") + \" --task {wildcards.task}\"\n";

/* A text of Python is one of JSON. */
static void add_name(Text *text, const char *name, const char *value)
{
    text_addf(text, "%s = ", name);
    json_quote(text, value);
    text_add(text, "\n");
}

static bool write_snakemake(const Export *e, Error *err)
{
    Text text = {0};
    export_head(&text,
                "snakemake --snakefile FILE --cores 4, or --executor slurm --jobs 100: what is missing of plan.json.");
    text_add(&text, "import json\nimport os\nimport shlex\nimport subprocess\n\n");
    add_name(&text, "FOLDER", e->folder);
    text_add(&text, "PROGRAM = os.environ.get(\"PALBENCH\", ");
    json_quote(&text, e->program);
    text_add(&text, ")\n");
    text_add(&text, rules);
    return export_file(e, "Snakefile", &text, err);
}

const ExportFormat export_snakemake = {
    .name = "snakemake", .file = "Snakefile", .next = "snakemake --cores 2 --snakefile %s", .write = write_snakemake};
