// What the plugins of the tests share: a right descriptor, and an instance that takes its configuration. Each file
// beside this one defines `ask`, what it does when it is asked anything else, or one of the macros below.
#include <stdlib.h>
#include <string.h>

#include "quorate_plugin.h"

#ifndef MAGIC
#define MAGIC QUORATE_PLUGIN_MAGIC
#endif
#ifndef MAJOR
#define MAJOR QUORATE_ABI_MAJOR
#endif
#ifndef MINOR
#define MINOR QUORATE_ABI_MINOR
#endif
#ifndef SIZE
#define SIZE sizeof(quorate_descriptor)
#endif
#ifndef LOWEST
#define LOWEST "0.1.0"
#endif

static const quorate_host *host;

static void answer(uint64_t call, const char *text) {
  quorate_reply reply = {0};
  reply.struct_size = sizeof reply;
  reply.message.data = (const uint8_t *)text;
  reply.message.count = strlen(text);
  host->reply(host->context, call, &reply);
}

#ifdef DEFINES_CANCEL
static void cancel(void *instance, uint64_t call);
#else
static void cancel(void *instance, uint64_t call) {
  (void)instance;
  (void)call;
}
#endif

static void ask(const quorate_call *call);

static void *create(void *userdata, uint32_t kind, const quorate_host *given) {
  (void)kind;
  host = given;
  return userdata;
}

static void destroy(void *instance) { (void)instance; }

static void call(void *instance, const quorate_call *asked) {
  (void)instance;
  if (strcmp(asked->function, "configure") == 0)
    answer(asked->id, "{\"version\":1}");
  else
    ask(asked);
}

static const quorate_functions functions = {
    .struct_size = sizeof functions,
    .userdata = &host,
    .create = create,
    .destroy = destroy,
    .call = call,
    .cancel = cancel,
};

static const quorate_descriptor descriptor = {
    .magic = MAGIC,
    .struct_size = SIZE,
    .abi_major = MAJOR,
    .abi_minor = MINOR,
    .id = "faulty",
    .version = "1.0.0",
    .summary = "Does what no plugin may.",
    .lowest_host = LOWEST,
    .kinds = QUORATE_KIND_ISSUER,
    .functions = &functions,
};

const quorate_descriptor *quorate_plugin(void) { return &descriptor; }
