// Answers with messages of another version.
#include "plugin.h"

static void ask(const quorate_call *call) { answer(call->id, "{\"version\":2}"); }
