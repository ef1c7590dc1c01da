/*
 * quorate_plugin.h: how Quorate and a plugin from outside speak to each other. This file is the whole contract; a
 * plugin needs nothing else of Quorate to be written or compiled. C11 or newer, or C++.
 *
 *   cc -std=c11 -fPIC -shared -fvisibility=hidden -o my-issuer.so my-issuer.c
 *
 * IN SHORT
 * A plugin is a shared object that exports one function, quorate_plugin(). It returns a descriptor: who the plugin is,
 * and a table of four functions.
 *
 *   create    makes an instance
 *   call      is given one message with a question, and answers it by host->reply, exactly once, now or later
 *   cancel    says that nobody waits for an answer any more
 *   destroy   ends an instance
 *
 * Every kind of plugin uses the same four; what differs is the messages (see MESSAGES below). A function that a plugin
 * does not know is answered with QUORATE_STATUS_UNKNOWN_FUNCTION: so functions can be added without breaking it.
 *
 * WHERE A PLUGIN RUNS
 * By default in a process of its own, without a terminal, with few variables in its environment (HOME, LANG, PATH, TZ,
 * SWIFT_BACKTRACE, LD_LIBRARY_PATH), with limits on memory and on open files, and not able to start programs. It may
 * also be loaded into the process of `quorate`; then a crash is a crash of `quorate`. A plugin need not know which.
 * What it prints goes nowhere: use host->log.
 *
 * THREADS
 * create, and every call, come on a thread of their own: they may block for as long as the work takes. Calls to one
 * instance overlap. cancel comes on any thread, and must return at once. reply, log and progress may be called on any
 * thread, at any time from create until destroy returns; not in a signal handler, and not after a fork.
 *
 * MEMORY
 * Whoever passes bytes, a text, a table or a descriptor keeps it. What the host passes to create or to cancel is valid
 * until that function returns (but the host table: until destroy returned). What it passes to call is valid until that
 * call is answered AND the function has returned, whichever is later. What a plugin passes to reply, log or progress
 * must be valid until that function returns: the host copies it. No memory is ever freed by the other side. What the
 * entry function returns is valid until the process ends; a library is never unloaded.
 *
 * MESSAGES
 * A message is a JSON object in UTF-8, in which "version" is 1. Whoever reads one ignores keys that it does not know; a
 * plugin answers QUORATE_STATUS_FAILED to a version that it does not know. The host writes no blanks or line ends
 * between values, and keys in alphabetical order; a plugin may write as it likes. Moments are whole seconds since
 * 1970-01-01T00:00:00Z; certificates and requests are PEM; ALGORITHM is one of "ECDSA-P256", "ECDSA-P384", "RSA-2048",
 * "RSA-3072", "RSA-4096". A "?" marks a key that may be absent.
 *
 * "configure", the first call to every instance and the only one until it is answered:
 *   asked     {"version":1, "kind":"issuer", "settings":{what stands under `with:`}, "baseFolder":"/where/paths/start"}
 *             A setting is a text, a whole number (of a length of time: seconds), true, false, null, a list, an object,
 *             or, where the plugin's schema calls it secret, {"$secret":N}.
 *   answered  {"version":1}
 *
 * "issuer.authority": which CA do you issue from? Called before "issuer.issue" in every run; make a CA only where that
 * is the plugin's job and "existing" is absent.
 *   asked     {"version":1, "existing"?:{"certificate":PEM, "key"?:{"$secret":N}},
 *              "profile":{"commonName":"etcd-ca", "commonNameIsSAN":true, "keyAlgorithm":ALGORITHM,
 *                         "notBefore":1795399080, "notAfter":2110759080}}
 *   answered  {"version":1, "isNew":false, "authority":{"certificate":PEM, "key"?:{"$secret":N}}}
 *             "key" only where this call made the CA and the host is to keep it; "isNew" says whether it did.
 *
 * "issuer.issue": sign these. Each is answered once, by its id, in any order. What is issued is checked by the host
 * against the profile: key, subject, every name and no other, usages, CA:FALSE, validity, chain.
 *   asked     {"version":1, "authority":{"certificate":PEM, "key"?:{"$secret":N}}, "requests":[{
 *              "id":"infra0/etcd/peer", "csr":PEM, "notBefore":1795399080, "notAfter":1826935080,
 *              "token"?:"of an earlier pending answer",
 *              "profile":{"commonName":"infra0", "organization"?:"…", "dnsNames":["infra0"],
 *                         "addresses":["10.0.0.6"], "isServer":true, "isClient":true, "keyAlgorithm":ALGORITHM}}]}
 *   answered  {"version":1, "replies":[{"id":"infra0/etcd/peer", and one of
 *              "issued":PEM (the certificate, then intermediates),
 *              "pending":{"token":"…", "awaiting":"who or what is awaited"},
 *              "refused":{"why":"a sentence without a full stop", "retryable":false}}]}
 *
 *             What is pending is asked for again in a later run, never in the same one: the same csr with the token, a
 *             text of at most 8192 bytes without secrets. "awaiting" stands behind that word: a few words, a path.
 *             "retryable": the same request may be sent again, after one and after five seconds.
 *
 * QUORATE_STATUS_FAILED to any of them:
 *   answered  {"version":1, "why":"a sentence without a full stop", "fix"?:"what the user can do", "setting"?:"url"}
 *
 * SECRETS
 * A message holds no secret. Where one belongs there stands {"$secret": N}, and the bytes are element N of the secrets
 * beside the message, counted from 0. The host wipes its copies; a plugin must wipe those that it makes, must not log
 * them, and must not keep them longer than the call, except those of "configure".
 *
 * COMPATIBILITY
 * The ABI has a major and a minor version. Another major is refused. Within one major, structs only grow at their end
 * and functions are only added, so each side reads of a struct what its struct_size says is there, and takes what is
 * missing as zero. Set struct_size to sizeof of the struct as you know it, and leave no field of it unset: begin with
 * a struct that is all zero.
 */
#ifndef QUORATE_PLUGIN_H
#define QUORATE_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

/* The version of the ABI that this file describes. */
#define QUORATE_ABI_MAJOR 1
#define QUORATE_ABI_MINOR 0

/* The first field of a descriptor: "QUORATE" and a zero, read as a little-endian number. */
#define QUORATE_PLUGIN_MAGIC 0x00455441524F5551ULL

/* The name of the only symbol that a plugin must export, quorate_plugin (see the end of this file). */
#define QUORATE_PLUGIN_ENTRY "quorate_plugin"

/* Kinds of plugin: bits of a descriptor's kinds; create is given one of them. */
#define QUORATE_KIND_ISSUER 1u          /* turns signing requests into certificates */
#define QUORATE_KIND_TRANSPORT 2u       /* reaches hosts: reserved, not called by ABI 1.0 */
#define QUORATE_KIND_SERVICE_MANAGER 4u /* says how a host runs etcd: reserved, not called by ABI 1.0 */
#define QUORATE_KIND_MANIFEST_WRITER 8u /* writes what describes a member: reserved, not called by ABI 1.0 */

/* What a reply says of its call. */
#define QUORATE_STATUS_OK 0u               /* the message is the answer */
#define QUORATE_STATUS_FAILED 1u           /* the message says why not */
#define QUORATE_STATUS_CANCELLED 2u        /* the call was cancelled, and the plugin stopped; there is no message */
#define QUORATE_STATUS_UNKNOWN_FUNCTION 3u /* the plugin has no such function; there is no message */

/* How much a line of the log matters. The host may show warnings always, and the others when it is asked to. */
#define QUORATE_LOG_DEBUG 0u
#define QUORATE_LOG_INFO 1u
#define QUORATE_LOG_WARNING 2u

/* What the host takes. A reply beyond these ends the call with an error; a longer line of the log is cut off. */
#define QUORATE_LIMIT_MESSAGE 16777216u /* bytes of one message: 16 MiB */
#define QUORATE_LIMIT_SECRET 65536u     /* bytes of one secret: 64 KiB */
#define QUORATE_LIMIT_SECRETS 64u       /* secrets beside one message */
#define QUORATE_LIMIT_DESCRIPTORS 16u   /* descriptors beside one message */
#define QUORATE_LIMIT_LOG_LINE 4096u    /* bytes of one line */

/* In Swift: a function that C may call on any thread. */
#if defined(__clang__) && defined(__has_attribute)
#if __has_attribute(swift_attr)
#define QUORATE_SENDABLE __attribute__((swift_attr("@Sendable")))
#endif
#endif
#ifndef QUORATE_SENDABLE
#define QUORATE_SENDABLE
#endif

/* Makes a symbol visible in a library that was compiled with -fvisibility=hidden. */
#if defined(__GNUC__)
#define QUORATE_EXPORT __attribute__((visibility("default")))
#else
#define QUORATE_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Borrowed bytes. A text in them is UTF-8, and ends where count says, not with a zero. Where count is 0, data may be
 * NULL. */
typedef struct quorate_bytes {
  const uint8_t *data;
  size_t count;
} quorate_bytes;

/* One question to a plugin. */
typedef struct quorate_call {
  uint32_t struct_size;
  uint32_t reserved; /* 0 */
  /* Names the call, in reply, progress and cancel. Never 0, and never used twice in one process. */
  uint64_t id;
  /* What is asked: "configure", "issuer.authority", "issuer.issue"; ends with a zero. */
  const char *function;
  /* The question. */
  quorate_bytes message;
  /* The secrets that the message refers to. */
  const quorate_bytes *secrets;
  /* File descriptors that the message refers to by {"$descriptor": N}: streams. They are the host's, which closes them
   * when the call is over; a plugin that needs one for longer dups it (with F_DUPFD_CLOEXEC). */
  const int *descriptors;
  uint32_t secret_count;
  uint32_t descriptor_count;
  /* In how many milliseconds from now the host gives up; 0: never. A plugin in a process of its own is then killed. */
  uint64_t deadline_ms;
} quorate_call;

/* The answer to one call. */
typedef struct quorate_reply {
  uint32_t struct_size;
  uint32_t status; /* a QUORATE_STATUS_… */
  /* The answer, a JSON object, or the error. Keys that the host does not know are ignored. */
  quorate_bytes message;
  /* The secrets that the message refers to by {"$secret": N}. */
  const quorate_bytes *secrets;
  /* The descriptors that it refers to. The host dups them before reply returns: close yours. */
  const int *descriptors;
  uint32_t secret_count;
  uint32_t descriptor_count;
} quorate_reply;

/* What the host offers. It is valid until destroy of the instance that was given it returned. */
typedef struct quorate_host {
  uint32_t struct_size;
  uint16_t abi_major;
  uint16_t abi_minor;
  const char *version; /* Quorate's version: "1.2.3" */
  void *context;       /* the first argument of these functions */

  /* Answers a call: exactly once for each call, on any thread, inside of call or later, also when it was cancelled. */
  void (*QUORATE_SENDABLE reply)(void *context, uint64_t call, const quorate_reply *reply);
  /* Says something for people: one line, no secret. call: which call it is about; 0: none. */
  void (*QUORATE_SENDABLE log)(void *context, uint64_t call, uint32_t level, quorate_bytes line);
  /* Says how far a call has come: a sentence of what is done or awaited now, for people. Never after its reply. */
  void (*QUORATE_SENDABLE progress)(void *context, uint64_t call, quorate_bytes line);
} quorate_host;

/* What a plugin does. All four are required. */
typedef struct quorate_functions {
  uint32_t struct_size;
  uint32_t reserved; /* 0 */
  /* The plugin's own; create is given it. It lets a kit that holds the code of several plugins tell them apart. */
  void *userdata;

  /* Makes an instance of one kind. It does no work that can fail: that is for "configure". NULL: out of memory. */
  void *(*create)(void *userdata, uint32_t kind, const quorate_host *host);
  /* Ends an instance. No call is under way then. After it returns, the plugin calls no function of the host. */
  void (*destroy)(void *instance);
  /* Asks something. The plugin answers by host->reply. */
  void (*call)(void *instance, const quorate_call *call);
  /* Nobody waits for this call any more: stop, and reply (QUORATE_STATUS_CANCELLED, or what there is). It may be over
   * already, or `call` may only just have been entered for it on another thread. A plugin in a process of its own that
   * does not reply soon is killed. */
  void (*cancel)(void *instance, uint64_t call);
} quorate_functions;

/* Who a plugin is. The host reads it before it calls anything else. The first four fields never change their place in
 * any version of the ABI. */
typedef struct quorate_descriptor {
  uint64_t magic; /* QUORATE_PLUGIN_MAGIC */
  uint32_t struct_size;
  uint16_t abi_major; /* QUORATE_ABI_MAJOR */
  uint16_t abi_minor; /* QUORATE_ABI_MINOR */
  /* Its name in the configuration: 1 to 63 characters of a-z, 0-9 and '-', the first one a letter. */
  const char *id;
  /* Its semantic version: "1.2.3". */
  const char *version;
  /* One line for lists. */
  const char *summary;
  /* The lowest version of Quorate that it works with, "0.1.0"; NULL: any. */
  const char *lowest_host;
  /* What it can be: QUORATE_KIND_… bits. Bits that the host does not know are ignored. */
  uint32_t kinds;
  uint32_t reserved; /* 0 */
  const quorate_functions *functions;
} quorate_descriptor;

/* THE ENTRY: what a plugin defines. It may be called more than once, and returns the same each time. */
QUORATE_EXPORT const quorate_descriptor *quorate_plugin(void);

#ifdef __cplusplus
}
#endif

#endif
