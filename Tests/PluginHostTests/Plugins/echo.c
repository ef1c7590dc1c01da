// No fault: answers with what it was asked.
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>

#include "plugin.h"

static void ask(const quorate_call *call) {
  if (strcmp(call->function, "keep") == 0 && fcntl(call->descriptors[0], F_DUPFD_CLOEXEC, 0) < 0) abort();
  quorate_reply reply = {.struct_size = sizeof reply, .message = call->message, .secrets = call->secrets};
  reply.secret_count = call->secret_count;
  host->reply(host->context, call->id, &reply);
}
