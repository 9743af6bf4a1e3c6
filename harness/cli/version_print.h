/* `palbench --version`: what a report of a fault needs to say. */
#pragma once

/* Prints the program's version, then, each on a line of its own, oneDNN and what it uses of the machine, the other libraries, the
 * compiler, the instruction sets that the program was compiled for and those of this machine. */
void print_version(void);
