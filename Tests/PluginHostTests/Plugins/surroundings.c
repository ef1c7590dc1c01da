// No fault: tells what it finds around it, by the reasons that it gives.
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plugin.h"

extern char **environ;

static void ask(const quorate_call *call) {
  char names[512] = "";
  for (char **variable = environ; *variable; variable++)
    snprintf(names + strlen(names), sizeof names - strlen(names), "%.*s,", (int)strcspn(*variable, "="), *variable);
  int sockets = 0, pipes_and_files = 0;
  for (int descriptor = 0; descriptor < 256; descriptor++) {
    struct stat status;
    if (fstat(descriptor, &status) != 0) continue;
    if (S_ISSOCK(status.st_mode)) sockets++;
    if (S_ISFIFO(status.st_mode) || S_ISREG(status.st_mode)) pipes_and_files++;
  }
  pid_t child = fork();
  if (child == 0) _exit(0);
  if (child > 0) waitpid(child, NULL, 0);
  struct rlimit core;
  getrlimit(RLIMIT_CORE, &core);
  char text[1024];
  snprintf(text, sizeof text,
           "{\"version\":1,\"why\":\"variables=%s sockets=%d files=%d fork=%s core=%d privileges=%d dumpable=%d "
           "leads=%d\"}",
           names, sockets, pipes_and_files, child > 0 ? "works" : "refused", (int)core.rlim_max,
           prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), getpgrp() == getpid());
  quorate_reply reply = {.struct_size = sizeof reply, .status = QUORATE_STATUS_FAILED};
  reply.message.data = (const uint8_t *)text;
  reply.message.count = strlen(text);
  host->reply(host->context, call->id, &reply);
}
