/* make: a Makefile with a target for every task. `make -jN` runs what is missing; RUN is put in front of every command,
 * for ssh, srun or GNU parallel. */
#include "harness/cluster/export.h"

/* A word for a recipe: a shell's, with make's own sign doubled. */
static void add_word(Text *text, const char *word)
{
    Text quoted = {0};
    export_shell_word(&quoted, word);
    for (const char *c = quoted.data; *c; c++) text_add(text, *c == '$' ? "$$" : (const char[]){*c, '\0'});
    text_free(&quoted);
}

static bool write_make(const Export *e, Error *err)
{
    Text text = {0};
    export_head(&text, "make -j4: what is missing of plan.json, four tasks at once; RUN='ssh node' in front of each.");
    text_add(&text, "PALBENCH ?= "), add_word(&text, e->program);
    text_add(&text, "\nWORK = $(PALBENCH) work "), add_word(&text, e->folder);
    text_add(&text, "/plan.json\nMISSING := $(shell $(WORK) --missing || echo failed)\n"
                    "ifneq (,$(filter failed,$(MISSING)))\n"
                    "$(error what is missing cannot be found out)\n"
                    "endif\n\nTASKS =");
    for (size_t i = 0; i < e->tasks->count; i++) text_addf(&text, " %zu", i);
    text_add(&text, "\nall: $(TASKS)\n.PHONY: all $(TASKS)\n");
    for (size_t i = 0; i < e->tasks->count; i++) {
        const Task *t = &e->tasks->items[i];
        if (!t->need_count) continue;
        text_addf(&text, "%zu:", i);
        for (size_t k = 0; k < t->need_count; k++) text_addf(&text, " %zu", t->needs[k]);
        text_add(&text, "\n");
    }
    text_add(&text, "ifneq (,$(MISSING))\n$(MISSING):\n\t$(RUN) $(WORK) --task $@\nendif\n");
    return export_file(e, "Makefile", &text, err);
}

const ExportFormat export_make = {.name = "make", .file = "Makefile", .next = "make -j2 -f %s", .write = write_make};
