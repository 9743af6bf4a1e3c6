/* Results, and their classes, a line each. */
#include "reports/escape.h"
#include "reports/tables.h"

#include <math.h>

static void csv_head(const StoredResult *r, Text *out)
{
    const char *const fields[] = {r->experiment, r->method, r->dataset, r->protocol};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        csv_escaped(fields[i], out);
        text_add(out, ",");
    }
    text_addf(out, "%lld,", (long long)r->seed);
}

void results_csv(const Summary *s, Text *out)
{
    text_add(out, "experiment,method,dataset,protocol,seed,map,file,note,setting,group\n");
    for (size_t i = 0; i < s->row_count * s->column_count; i++)
        for (size_t k = 0; k < s->cells[i].count; k++) {
            const StoredResult *r = s->cells[i].results[k];
            csv_head(r, out);
            text_addf(out, "%.6f,", r->map);
            csv_escaped(r->file, out);
            text_add(out, ",");
            csv_escaped(r->note ? r->note : "", out);
            text_add(out, ",");
            csv_escaped(r->setting, out);
            text_addf(out, ",%s\n", s->cells[i].group ? s->cells[i].group : "");
        }
}

void per_class_csv(const Summary *s, Text *out)
{
    text_add(out, "experiment,method,dataset,protocol,seed,class,ap,setting\n");
    for (size_t i = 0; i < s->row_count * s->column_count; i++)
        for (size_t k = 0; k < s->cells[i].count; k++) {
            const StoredResult *r = s->cells[i].results[k];
            for (size_t class = 0; class < r->classes; class ++) {
                csv_head(r, out);
                csv_escaped(r->class_names[class], out);
                text_addf(out, isnan(r->ap[class]) ? ",," : ",%.6f,", r->ap[class]);
                csv_escaped(r->setting, out);
                text_add(out, "\n");
            }
        }
}

void results_table_csv(const ResultList *list, const ResultMeasures *measures, const Summary *groups, Text *out)
{
    text_add(out, "experiment,method,dataset,model,protocol,setting,seed,map,file,options,note");
    text_add(out, groups ? ",group" : "");
    for (size_t k = 0; measures && k < MEASURE_COLUMNS; k++) text_addf(out, ",%s", measure_columns[k].name);
    text_add(out, "\n");
    for (size_t i = 0; i < list->count; i++) {
        const StoredResult *r = &list->items[i];
        const char *const fields[] = {r->experiment, r->method, r->dataset, r->model, r->protocol, r->setting};
        for (size_t f = 0; f < sizeof fields / sizeof *fields; f++) {
            csv_escaped(fields[f], out);
            text_add(out, ",");
        }
        text_addf(out, "%lld,%.6f,", (long long)r->seed, r->map);
        csv_escaped(r->file, out);
        text_add(out, ",");
        csv_escaped(r->options, out);
        text_add(out, ",");
        csv_escaped(r->note ? r->note : "", out);
        const Cell *cell = groups ? summary_cell_of(groups, r) : NULL;
        if (groups) text_addf(out, ",%s", cell && cell->group ? cell->group : "");
        for (size_t k = 0; measures && k < MEASURE_COLUMNS; k++)
            text_addf(out, isnan(measures[i].values[k]) ? "," : ",%.6f", measures[i].values[k]);
        text_add(out, "\n");
    }
}
