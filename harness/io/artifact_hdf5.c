/* The one file that knows which HDF5 it is built with: 1.10, or 1.12 and later, where objects and links are described by other
 * structures. The later ones are called by their numbered names, so that no macro for an older interface changes them. */
#include "harness/io/artifact_hdf5.h"

#include "harness/base/memory.h"
#include "harness/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if H5_VERSION_GE(1, 12, 0)

typedef H5L_info2_t LinkInfo;

static bool link_info(hid_t place, const char *name, LinkInfo *info)
{
    return H5Lget_info2(place, name, info, H5P_DEFAULT) >= 0;
}

static bool object_type(hid_t place, const char *name, H5O_type_t *type)
{
    H5O_info2_t info;
    const bool found = H5Oget_info_by_name3(place, name, &info, H5O_INFO_BASIC, H5P_DEFAULT) >= 0;
    if (found) *type = info.type;
    return found;
}

static bool each_link(hid_t group, herr_t (*take)(hid_t, const char *, const LinkInfo *, void *), void *context)
{
    return H5Literate2(group, H5_INDEX_NAME, H5_ITER_INC, NULL, take, context) >= 0;
}

void h5_free_texts(hid_t type, hid_t space, void *room)
{
    H5Treclaim(type, space, H5P_DEFAULT, room);
}

#else

typedef H5L_info_t LinkInfo;

static bool link_info(hid_t place, const char *name, LinkInfo *info)
{
    return H5Lget_info(place, name, info, H5P_DEFAULT) >= 0;
}

static bool object_type(hid_t place, const char *name, H5O_type_t *type)
{
    H5O_info_t info;
    const bool found = H5Oget_info_by_name(place, name, &info, H5P_DEFAULT) >= 0;
    if (found) *type = info.type;
    return found;
}

static bool each_link(hid_t group, herr_t (*take)(hid_t, const char *, const LinkInfo *, void *), void *context)
{
    return H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, take, context) >= 0;
}

void h5_free_texts(hid_t type, hid_t space, void *room)
{
    H5Dvlen_reclaim(type, space, H5P_DEFAULT, room);
}

#endif

void h5_start(void)
{
    artifact_prepare(); /* before this process has a file open with libhdf5 */
    if (!memory_is_left((size_t)16 << 20))
        stop_short("out of memory for libhdf5, which does not look whether it gets its cache");
    h5_library();
}

void h5_library(void)
{
    H5dont_atexit();
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
    static const char number[] = "errno = ", mark[] = "error message = '";
    H5Reason reason = {.text = "unknown reason"};
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_first, &reason);
    char *words = strstr(reason.text, mark);
    char *end = words ? strchr(words + sizeof mark - 1, '\'') : NULL;
    if (!end) return reason;
    const char *code = strstr(reason.text, number);
    reason.system = code ? atoi(code + sizeof number - 1) : EIO;
    *end = '\0';
    words += sizeof mark - 1;
    memmove(reason.text, words, strlen(words) + 1);
    return reason;
}

H5Kind h5_kind(hid_t place, const char *name)
{
    H5O_type_t type;
    LinkInfo link;
    if (H5Lexists(place, name, H5P_DEFAULT) <= 0) return H5_NOTHING;
    if (object_type(place, name, &type)) return type == H5O_TYPE_DATASET ? H5_DATA : H5_OTHER;
    if (!link_info(place, name, &link) || link.type == H5L_TYPE_SOFT) return H5_NOTHING;
    return link.type == H5L_TYPE_HARD ? H5_DAMAGED : H5_ELSEWHERE;
}

static herr_t add_name(hid_t group, const char *name, const LinkInfo *info, void *names)
{
    (void)info;
    const H5Kind kind = h5_kind(group, name);
    if (kind == H5_DATA || kind == H5_DAMAGED) text_list_add(names, name);
    return 0;
}

bool h5_names(hid_t group, struct TextList *names)
{
    return each_link(group, add_name, names);
}

hid_t h5_whole(hid_t made, bool good)
{
    if (good || made < 0) return made;
    H5Idec_ref(made);
    return -1;
}

hid_t h5_text_type(void)
{
    const hid_t type = H5Tcopy(H5T_C_S1);
    return h5_whole(type, H5Tset_size(type, H5T_VARIABLE) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0);
}

/* ---- types of numbers ---- */

/* IEEE's float16, which HDF5 has no name for: sign, 5 bits of exponent with a bias of 15, 10 of mantissa. */
static hid_t half_type(void)
{
    const hid_t type = H5Tcopy(H5T_IEEE_F32LE);
    return h5_whole(type, H5Tset_fields(type, 15, 10, 5, 0, 10) >= 0 && H5Tset_size(type, 2) >= 0 &&
                              H5Tset_ebias(type, 15) >= 0);
}

hid_t h5_number_type(NumberType type, bool in_file)
{
    switch (type) {
    case NUMBER_FLOAT:
        return H5Tcopy(in_file ? H5T_IEEE_F32LE : H5T_NATIVE_FLOAT);
    case NUMBER_DOUBLE:
        return H5Tcopy(in_file ? H5T_IEEE_F64LE : H5T_NATIVE_DOUBLE);
    case NUMBER_UINT8:
        return H5Tcopy(in_file ? H5T_STD_U8LE : H5T_NATIVE_UINT8);
    case NUMBER_INT8:
        return H5Tcopy(in_file ? H5T_STD_I8LE : H5T_NATIVE_INT8);
    case NUMBER_INT32:
        return H5Tcopy(in_file ? H5T_STD_I32LE : H5T_NATIVE_INT32);
    case NUMBER_INT64:
        return H5Tcopy(in_file ? H5T_STD_I64LE : H5T_NATIVE_INT64);
    case NUMBER_UINT64:
        return H5Tcopy(in_file ? H5T_STD_U64LE : H5T_NATIVE_UINT64);
    case NUMBER_HALF:
        return half_type();
    case NUMBER_OTHER:
        break;
    }
    return -1;
}

NumberType h5_stored_type(hid_t data)
{
    const hid_t own = H5Dget_type(data);
    NumberType found = NUMBER_OTHER;
    for (int type = 0; type < NUMBER_OTHER && found == NUMBER_OTHER; type++) {
        const hid_t known = h5_number_type((NumberType)type, true);
        if (H5Tequal(own, known) > 0) found = (NumberType)type;
        H5Tclose(known);
    }
    H5Tclose(own);
    return found;
}

size_t number_bytes(NumberType type)
{
    static const size_t bytes[] = {4, 8, 1, 1, 4, 8, 8, 2, 1};
    return bytes[type];
}

/* ---- property lists ---- */

hid_t h5_file_access(void)
{
    const hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    /* Plain files, whatever HDF5_DRIVER says. */
    bool good = H5Pset_fapl_sec2(list) >= 0 && H5Pset_fclose_degree(list, H5F_CLOSE_STRONG) >= 0 &&
                H5Pset_libver_bounds(list, H5F_LIBVER_V110, H5F_LIBVER_LATEST) >= 0;
#if H5_VERSION_GE(1, 10, 7)
    good = good && H5Pset_file_locking(list, false, true) >= 0;
#endif
    return h5_whole(list, good);
}

hid_t h5_data_access(void)
{
    const hid_t list = H5Pcreate(H5P_DATASET_ACCESS);
    return h5_whole(list, H5Pset_virtual_prefix(list, "${ORIGIN}") >= 0);
}
