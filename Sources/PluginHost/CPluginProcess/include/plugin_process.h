// What the process of a plugin needs of Linux, and Swift cannot say: ancillary data, prctl, seccomp.
#pragma once
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// glibc 2.26: the child leads a session of its own.
#define QUORATE_SPAWN_SETSID 0x80

// The most descriptors in one message.
#define QUORATE_DESCRIPTORS_MAX 16

// glibc 2.34: closes every descriptor from a number on in the child.
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

// Two connected stream sockets, closed in children. 0, or an errno.
int quorate_socket_pair(int ends[2]);

// sendmsg(2) with descriptors beside the bytes, without SIGPIPE: how many bytes went, or the negative of an errno.
ssize_t quorate_send(int socket, const void *bytes, size_t count, const int *descriptors, size_t descriptor_count);

// recvmsg(2): how many bytes came, or the negative of an errno. The descriptors that came beside them are the caller's.
ssize_t quorate_receive(int socket, void *bytes, size_t count, int *descriptors, size_t *descriptor_count);

// Limits of this process: no core dump, so many bytes of memory and open descriptors (0: as it is), no privileges by
// programs that are started. 0, or an errno.
int quorate_confine(uint64_t memory_bytes, uint64_t open_files);

// From here on this process, and every thread of it, can start no process: fork and exec answer EPERM. 0, or an errno;
// ENOSYS on a machine whose system calls are not known here.
int quorate_forbid_processes(void);

// Nobody but root can look into the memory of this process, and no handler of core dumps gets it. 0, or an errno.
int quorate_hide_memory(void);
