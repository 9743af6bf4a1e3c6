/* Completion scripts, from the command tables: commands, options, the values that an option can have, names of experiments and suites. */
#pragma once

void print_bash_completion(void);
void print_zsh_completion(void);
