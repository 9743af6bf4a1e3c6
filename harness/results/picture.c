/* A result names its protocol, the protocol a split: the picture is read from the data set again, which must still be
 * there, and handed over as PNG, since reports/ stands above and knows no session. */
#include "harness/results/picture.h"

#include "datasets/own_features.h"

#include <stdlib.h>

/* One that cannot be opened any more has that said when a picture of it is asked for. */
bool result_has_pictures(void *context, const StoredResult *result)
{
    Session *session = context;
    Error unused;
    const Protocol *protocol = book_protocol(session->book, result->protocol);
    Dataset *dataset = session_dataset(session, result->dataset, protocol ? protocol->test_set : NULL, 0, &unused);
    return !dataset || !dataset_has_features(dataset);
}

bool picture_of_result(void *context, const StoredResult *result, size_t image, uint8_t **png, size_t *bytes,
                       Error *err)
{
    Session *session = context;
    const Protocol *protocol = book_protocol(session->book, result->protocol);
    if (!protocol)
        return fail(err, "%s: protocol %s is not in the experiments file any more", result->file, result->protocol);
    Dataset *dataset = session_dataset(session, result->dataset, protocol->test_set, 0, err);
    Image picture = {0};
    if (!dataset || !dataset_image(dataset, protocol->split, image, &picture, err)) return false;
    const bool good = image_encode_png(&picture, png, bytes, err);
    image_free(&picture);
    return good;
}
