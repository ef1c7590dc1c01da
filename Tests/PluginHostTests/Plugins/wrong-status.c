// Answers with a status that is none.
#include "plugin.h"

static void ask(const quorate_call *call) {
  quorate_reply reply = {.struct_size = sizeof reply, .status = 77};
  host->reply(host->context, call->id, &reply);
}
