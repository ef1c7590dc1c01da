// Answers with more secrets than are taken.
#include "plugin.h"

static void ask(const quorate_call *call) {
  quorate_reply reply = {.struct_size = sizeof reply};
  reply.secret_count = 1000000;
  host->reply(host->context, call->id, &reply);
}
