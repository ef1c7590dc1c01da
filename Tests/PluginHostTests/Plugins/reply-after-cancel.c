// Stops when it is told to, and then answers once more.
#include <unistd.h>

#define DEFINES_CANCEL
#include "plugin.h"

static int wake[2];

static void ask(const quorate_call *call) {
  if (pipe(wake) != 0) return;
  host->progress(host->context, call->id, (quorate_bytes){(const uint8_t *)"waiting", 7});
  char byte;
  if (read(wake[0], &byte, 1) != 1) return;
  answer(call->id, "{\"version\":1,\"replies\":[]}");
}

static void cancel(void *instance, uint64_t call) {
  (void)instance;
  quorate_reply reply = {.struct_size = sizeof reply, .status = QUORATE_STATUS_CANCELLED};
  host->reply(host->context, call, &reply);
  if (write(wake[1], "x", 1) != 1) abort();
}
