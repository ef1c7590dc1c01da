// No fault: writes to the stream that it is lent, and lends one back.
#include <unistd.h>

#include "plugin.h"

static void ask(const quorate_call *call) {
  int ends[2];
  if (call->descriptor_count != 1 || write(call->descriptors[0], "there", 5) != 5 || pipe(ends) != 0) abort();
  if (write(ends[1], "back", 4) != 4) abort();
  quorate_reply reply = {.struct_size = sizeof reply, .descriptors = ends, .descriptor_count = 1};
  host->reply(host->context, call->id, &reply);
  close(ends[0]);
  close(ends[1]);
}
