#include "harness/io/artifact_hdf5.h"

#include <stdio.h>
#include <string.h>

void h5_start(void)
{
    H5open();
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

static herr_t take_first(unsigned n, const H5E_error2_t *error, void *context)
{
    H5Reason *reason = context;
    if (n == 0 && error->desc) snprintf(reason->text, sizeof reason->text, "%s", error->desc);
    return 0;
}

H5Reason h5_reason(void)
{
    static const char mark[] = "error message = '";
    H5Reason reason = {.text = "unknown reason"};
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_first, &reason);
    char *words = strstr(reason.text, mark);
    char *end = words ? strchr(words + sizeof mark - 1, '\'') : NULL;
    if (!end) return reason;
    *end = '\0';
    words += sizeof mark - 1;
    memmove(reason.text, words, strlen(words) + 1);
    reason.system = true;
    return reason;
}

hid_t h5_text_type(void)
{
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

hid_t h5_file_access(void)
{
    const hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(list, H5F_CLOSE_STRONG);
    H5Pset_libver_bounds(list, H5F_LIBVER_V110, H5F_LIBVER_LATEST);
#if H5_VERSION_GE(1, 10, 7)
    H5Pset_file_locking(list, false, true);
#endif
    return list;
}

hid_t h5_data_access(void)
{
    const hid_t list = H5Pcreate(H5P_DATASET_ACCESS);
    H5Pset_virtual_prefix(list, "${ORIGIN}");
    return list;
}
