// Answers with a gigabyte that it does not have.
#include "plugin.h"

static void ask(const quorate_call *call) {
  quorate_reply reply = {.struct_size = sizeof reply};
  reply.message.data = (const uint8_t *)"{";
  reply.message.count = (size_t)1 << 30;
  host->reply(host->context, call->id, &reply);
}
