/* The compact letter display: entrants that share a letter cannot be told apart, entrants that share none can (Piepho, An Algorithm
 * for a Letter-Based Representation of All-Pairwise Comparisons, Journal of Computational and Graphical Statistics 13, 2004). Being
 * told apart need be no order: of a, b, c, where only a and c are told apart, b has both letters. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* means [count]; apart [count, count], symmetric. letters [count] becomes "a", "ab", ...: the letter a belongs to the group of the
 * highest mean, and on downwards; behind z come A to Z, then numbers in brackets. Each is the caller's to free. */
void letters_make(const double *means, const bool *apart, size_t count, char **letters);
