// Writes lines until it is ended.
#include "plugin.h"

static void ask(const quorate_call *call) {
  for (int line = 0; line < 100000; line++)
    host->log(host->context, call->id, QUORATE_LOG_INFO, (quorate_bytes){(const uint8_t *)"\x1b[31mline\n", 10});
  answer(call->id, "{\"version\":1,\"replies\":[]}");
}
