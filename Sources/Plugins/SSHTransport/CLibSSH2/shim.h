#pragma once
// What Swift cannot import from libssh2, Linux and libcrypto as it stands: callbacks that are set through `void *`,
// packed event structures in headers outside Swift's Glibc module, macros.
#include <libssh2.h>
#include <malloc.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/types.h>

typedef ssize_t (*quorate_ssh_receive)(int socket, void *buffer, size_t length, int flags, void **abstract);
typedef ssize_t (*quorate_ssh_send)(int socket, const void *buffer, size_t length, int flags, void **abstract);
typedef void (*quorate_ssh_goodbye)(LIBSSH2_SESSION *session, int reason, const char *message, int message_length,
                                    const char *language, int language_length, void **abstract);

// libssh2 keeps keys and passphrases in memory of its own: all of it is wiped when it is freed.
static inline void *quorate_ssh_allocate(size_t count, void **abstract) {
  (void)abstract;
  return malloc(count);
}

static inline void quorate_ssh_release(void *memory, void **abstract) {
  (void)abstract;
  if (memory == NULL) return;
  explicit_bzero(memory, malloc_usable_size(memory));
  free(memory);
}

static inline void *quorate_ssh_reallocate(void *memory, size_t count, void **abstract) {
  void *larger = malloc(count);
  if (larger == NULL || memory == NULL) return larger;
  size_t kept = malloc_usable_size(memory);
  memcpy(larger, memory, kept < count ? kept : count);
  quorate_ssh_release(memory, abstract);
  return larger;
}

// A session whose bytes go through callbacks instead of a socket.
static inline LIBSSH2_SESSION *quorate_ssh_session(void *abstract, quorate_ssh_receive receive, quorate_ssh_send send,
                                                   quorate_ssh_goodbye goodbye) {
  LIBSSH2_SESSION *session =
      libssh2_session_init_ex(quorate_ssh_allocate, quorate_ssh_release, quorate_ssh_reallocate, abstract);
  if (session == NULL) return NULL;
#if LIBSSH2_VERSION_NUM >= 0x010b01
  libssh2_session_callback_set2(session, LIBSSH2_CALLBACK_RECV, (libssh2_cb_generic *)receive);
  libssh2_session_callback_set2(session, LIBSSH2_CALLBACK_SEND, (libssh2_cb_generic *)send);
  libssh2_session_callback_set2(session, LIBSSH2_CALLBACK_DISCONNECT, (libssh2_cb_generic *)goodbye);
#else
  libssh2_session_callback_set(session, LIBSSH2_CALLBACK_RECV, (void *)receive);
  libssh2_session_callback_set(session, LIBSSH2_CALLBACK_SEND, (void *)send);
  libssh2_session_callback_set(session, LIBSSH2_CALLBACK_DISCONNECT, (void *)goodbye);
#endif
  libssh2_session_set_blocking(session, 0);
  return session;
}

static inline void quorate_ssh_sha256(const void *bytes, size_t count, unsigned char digest[32]) {
  SHA256((const unsigned char *)bytes, count, digest);
}

static inline void quorate_ssh_hmac_sha1(const void *key, size_t key_count, const void *bytes, size_t count,
                                         unsigned char digest[20]) {
  unsigned int length = 20;
  HMAC(EVP_sha1(), key, (int)key_count, (const unsigned char *)bytes, count, digest, &length);
}

// The name of the calling thread, as `top -H` shows it: 15 characters at most.
static inline void quorate_ssh_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }
