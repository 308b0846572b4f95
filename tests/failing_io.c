/* A disk whose n-th call below a folder fails with EIO: preloaded into a process, armed by linnet_fail_at. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;
static long fail_at;
static char folder[PATH_MAX];

void linnet_fail_at(long number, const char *below) {
    strncpy(folder, below, sizeof folder - 1);
    fail_at = number;
    atomic_store(&calls, 0);
}

long linnet_calls(void) { return atomic_load(&calls); }

static int fails(void) {
    if (atomic_fetch_add(&calls, 1) + 1 != fail_at)
        return 0;
    errno = EIO;
    return 1;
}

static int path_fails(const char *path) {
    return folder[0] && !strncmp(path, folder, strlen(folder)) && fails();
}

static int file_fails(int file) {
    char link[64], path[PATH_MAX];
    if (!folder[0])
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return path_fails(path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define ON_FILE(type, name, given, passed)                                                                             \
    type name given { return file_fails(file) ? -1 : REAL(name) passed; }
#define ON_PATH(name, given, passed)                                                                                   \
    int name given { return path_fails(path) ? -1 : REAL(name) passed; }

ON_FILE(ssize_t, write, (int file, const void *data, size_t size), (file, data, size))
ON_FILE(ssize_t, writev, (int file, const struct iovec *parts, int count), (file, parts, count))
ON_FILE(ssize_t, pwrite, (int file, const void *data, size_t size, off_t at), (file, data, size, at))
ON_FILE(ssize_t, pwrite64, (int file, const void *data, size_t size, off64_t at), (file, data, size, at))
ON_FILE(int, fsync, (int file), (file))
ON_FILE(int, fdatasync, (int file), (file))
ON_FILE(int, ftruncate, (int file, off_t size), (file, size))
ON_FILE(int, ftruncate64, (int file, off64_t size), (file, size))
ON_PATH(rename, (const char *path, const char *target), (path, target))
ON_PATH(unlink, (const char *path), (path))
