#pragma once
// Functions of glibc that Swift's Glibc module does not show, because they are declared for _GNU_SOURCE only.
#include <spawn.h>

// Linux pipe2(2): a pipe that no other thread's fork can inherit.
int pipe2(int ends[2], int flags);

// glibc 2.26: the child leads a session of its own.
#define QUORATE_SPAWN_SETSID 0x80

// glibc 2.34: closes every descriptor from a number on in the child.
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
