/* A part of the report that is there when the store holds what it shows: generated images, heat maps, the modality gap, the
 * ablation. Each is written by a function of its own from the same input. */
#pragma once

#include "harness/results/results_inputs.h"
#include "reports/report.h"
#include "reports/summary.h"

typedef struct SectionInput {
    const ReportOptions *options;
    const Summary *summary;
    const ResultList *results; /* all of the store */
    const StoredFiles *files;  /* its artifacts */
    const char *figures;       /* folder for SVG and PNG */
    bool gnuplot;              /* false: without plots */
    TextList *remarks;         /* of the page: what could not be shown */
} SectionInput;

typedef struct Section {
    const char *id, *title;     /* set by the function; its anchor and heading */
    Text html, markdown, latex; /* empty html: the section is left out. LaTeX: tables only */
    bool leads; /* set by the function: belongs to the table of methods, so it stands before the figures */
} Section;

typedef bool SectionWriter(const SectionInput *in, Section *out, Error *err);
/* Methods against the number of labelled images that they were shown. */
SectionWriter section_labelled;
/* Rows beside what papers report under the same protocol. */
SectionWriter section_published;
/* P, R, F1 at k, mAP by labels in the image and of subsets of classes, calibration with a reliability diagram. */
SectionWriter section_measures;
/* What a text-to-image model drew from captions, and what an independent classifier sees in single objects of it. */
SectionWriter section_generated;
/* Where in a test image a method sees a class. */
SectionWriter section_heat_maps;
/* Distances between captions, generated and real images in CLIP's space, and their principal components. */
SectionWriter section_modality_gap;
/* Tables of the ablation suites, and curves over every setting that alone was varied. */
SectionWriter section_ablation;

void section_free(Section *section);
/* Puts FIGURES/NAME.svg into the page and a reference to NAME.png into the Markdown. */
bool section_figure(const SectionInput *in, const char *name, const char *caption, Section *out, Error *err);
/* The same plain sentence in page and Markdown. */
void section_sentence(Section *out, const char *sentence);

typedef struct Best { /* {0}: there is none */
    const StoredResult *result;
    const char *label;
    InputFiles inputs; /* of the result */
} Best;

/* Of a column's rows that were made from an artifact of `stage`, the one with the highest mean: its first result. False: a file
 * of the store cannot be read. */
bool section_best(const SectionInput *in, size_t column, const char *stage, Best *best, Error *err);
void best_free(Best *best);
/* "sheet" for the first column, "sheet_2", ...; caller frees. */
char *section_name(const char *what, size_t column);
