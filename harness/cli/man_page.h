/* The manual page, from the command tables. */
#pragma once

/* Prints palbench(1) in mdoc, which mandoc and groff format. */
void print_man_page(void);
