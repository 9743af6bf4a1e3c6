/* The nursery and its children. Orders to the nursery are small messages over a socket pair; with an order to start comes the end of
 * another pair, which the new child serves. The nursery ends when its socket is closed, that is with this process, however that
 * ends; a child ends when its own is closed, or with the nursery. */
#include "harness/io/artifact_child_internal.h"

#include "harness/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONTROL = 3 }; /* the nursery's own end */

typedef struct Order {
    enum { ORDER_START, ORDER_KILL } what;
    pid_t process; /* whom to kill; or, before another is started, who was let go since (0: nobody) */
} Order;

typedef struct Report {
    pid_t process; /* below 0: none was started, for this reason: */
    int reason;    /* errno */
    int status;    /* of one that ended */
} Report;

static int nursery = -1;    /* our end */
static pid_t nursery_owner; /* a copy of this process has no nursery yet */
static pid_t let_go_last;   /* a child that was let go and is to be buried; 0: none */

/* ---- messages ---- */

bool send_bytes(int socket, const void *bytes, size_t count)
{
    for (const char *at = bytes; count;) {
        const ssize_t sent = send(socket, at, count, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        at += sent, count -= (size_t)sent;
    }
    return true;
}

Received receive_bytes(int socket, void *bytes, size_t count, int seconds)
{
    for (char *at = bytes; count;) {
        struct pollfd ready = {.fd = socket, .events = POLLIN};
        const int found = seconds ? poll(&ready, 1, seconds * 1000) : 1;
        if (found == 0) return RECEIVED_LATE;
        if (found < 0 && errno == EINTR) continue;
        const ssize_t got = recv(socket, at, count, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return RECEIVED_NOTHING;
        at += got, count -= (size_t)got;
    }
    return RECEIVED;
}

/* An order, with a descriptor that goes along (or -1). */
static bool send_order(const Order *order, int along)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.room = {0}};
    struct iovec piece = {(void *)order, sizeof *order};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    if (along >= 0) {
        message.msg_control = control.room, message.msg_controllen = sizeof control.room;
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET, head->cmsg_type = SCM_RIGHTS, head->cmsg_len = CMSG_LEN(sizeof along);
        memcpy(CMSG_DATA(head), &along, sizeof along);
    }
    ssize_t sent;
    do sent = sendmsg(nursery, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof *order;
}

/* The same at the other end; false when the socket is closed. */
static bool receive_order(Order *order, int *along)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec piece = {order, sizeof *order};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
    ssize_t got;
    do got = recvmsg(CONTROL, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    *along = -1;
    if (got != (ssize_t)sizeof *order) return false;
    const struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (head && head->cmsg_type == SCM_RIGHTS) memcpy(along, CMSG_DATA(head), sizeof *along);
    return true;
}

/* ---- the nursery ---- */

/* Holds nothing of the process that it is a copy of: no files, whose locks would live on, and no terminal. */
static void let_go(int control)
{
    const int nothing = open("/dev/null", O_RDWR);
    for (int file = 0; file < CONTROL && nothing >= 0; file++) {
#ifdef __SANITIZE_ADDRESS__
        if (file == STDERR_FILENO) continue; /* a sanitizer's report is to be seen */
#endif
        dup2(nothing, file);
    }
    if (control != CONTROL) dup2(control, CONTROL);
    if (close_range(CONTROL + 1, ~0u, 0) == 0) return;
    for (int file = CONTROL + 1; file < 4096; file++) close(file); /* a kernel before 5.9 */
}

/* Ctrl-C is for the process that reads our answers: it says what is to be said, and then we end with it. */
static void keep_quiet(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGPIPE};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], SIG_IGN);
    static const int deaths[] = {SIGCHLD, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++) signal(deaths[i], SIG_DFL); /* told as what they are */
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}

static Report start_child(int socket)
{
    const pid_t process = fork();
    if (process == 0) {
        close(CONTROL);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        artifact_serve(socket);
        _exit(0);
    }
    const Report report = {.process = process, .reason = errno};
    close(socket);
    return report;
}

static Report bury(pid_t process)
{
    Report report = {.process = process};
    while (waitpid(process, &report.status, 0) < 0 && errno == EINTR) {
    }
    return report;
}

static Report obey(const Order *order, int along)
{
    if (order->what == ORDER_KILL) {
        kill(order->process, SIGKILL);
        return bury(order->process);
    }
    if (order->process) bury(order->process); /* its socket is closed: it has ended, or is about to */
    return start_child(along);
}

static _Noreturn void nurse(int control)
{
    Order order;
    int along;
    let_go(control);
    keep_quiet();
    artifact_serve_prepare();
    while (receive_order(&order, &along)) {
        const Report report = obey(&order, along);
        if (!send_bytes(CONTROL, &report, sizeof report)) break;
    }
    _exit(0);
}

bool nursery_start(Error *err)
{
    int ends[2];
    if (nursery >= 0 && nursery_owner == getpid()) return true;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return fail(err, "no process to read HDF5 files can be made: %s", strerror(errno));
    const pid_t process = fork();
    if (process == 0) nurse(ends[1]);
    const int reason = errno;
    close(ends[1]);
    if (process < 0) {
        close(ends[0]);
        return fail(err, "no process to read HDF5 files can be made: %s", strerror(reason));
    }
    if (nursery >= 0) close(nursery); /* our parent's */
    nursery = ends[0], nursery_owner = getpid(), let_go_last = 0;
    return true;
}

/* ---- children, seen from here ---- */

static bool ask_nursery(const Order *order, int along, Report *report)
{
    return send_order(order, along) && receive_bytes(nursery, report, sizeof *report, 0) == RECEIVED;
}

bool child_start(Child *child, Error *err)
{
    int ends[2];
    Report report;
    if (!nursery_start(err)) return false;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return fail(err, "no process to read HDF5 files can be reached: %s", strerror(errno));
    const bool asked = ask_nursery(&(Order){ORDER_START, let_go_last}, ends[1], &report);
    close(ends[1]);
    let_go_last = 0;
    if (asked && report.process > 0) {
        *child = (Child){ends[0], report.process};
        return true;
    }
    close(ends[0]);
    return fail(err, "no process to read HDF5 files can be made: %s",
                asked ? strerror(report.reason) : "the one that makes them was killed; run it again");
}

void child_release(Child *child)
{
    Report report;
    close(child->socket);
    child->socket = -1;
    /* One may wait for its burial until the next is born; of two, one is buried now. */
    if (let_go_last) ask_nursery(&(Order){ORDER_KILL, let_go_last}, -1, &report);
    let_go_last = child->process;
}

int child_kill(Child *child)
{
    Report report = {.status = 0};
    const Order order = {ORDER_KILL, child->process};
    close(child->socket);
    child->socket = -1;
    return ask_nursery(&order, -1, &report) ? report.status : 0;
}
