/* experiments.json: what is accepted can be listed. A method that is not there counts as a plugin's. */
#include "harness/experiments/experiments.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    Error err;
    ExperimentList list = {0};
    Book *book = book_open(fuzz_put("experiments.json", bytes, count), NULL, &err);
    if (book && book_select(book, &(Selection){0}, &list, &err))
        for (size_t i = 0; i < list.count; i++) free(experiment_setting(&list.items[i]));
    experiments_free(&list);
    book_free(book);
    return 0;
}
