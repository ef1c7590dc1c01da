// No fault: is made for a later minor version of the ABI, whose descriptor is larger.
#define MINOR 9
#define SIZE (sizeof(quorate_descriptor) + 32)
#include "plugin.h"

static void ask(const quorate_call *call) { answer(call->id, "{\"version\":1,\"replies\":[],\"later\":[{}]}"); }
