#pragma once
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

// curl_easy_setopt and curl_easy_getinfo are variadic, which Swift cannot call: one function for each type of value.

static inline CURLcode quorate_curl_set_long(CURL *easy, CURLoption option, long value) {
  return curl_easy_setopt(easy, option, value);
}

static inline CURLcode quorate_curl_set_pointer(CURL *easy, CURLoption option, const void *value) {
  return curl_easy_setopt(easy, option, value);
}

static inline CURLcode quorate_curl_set_text(CURL *easy, CURLoption option, const char *value) {
  return curl_easy_setopt(easy, option, value);
}

// The bytes are not copied: they must stay where they are until the option is set again or the handle goes.
static inline CURLcode quorate_curl_set_blob(CURL *easy, CURLoption option, const void *data, size_t count) {
  struct curl_blob blob = {(void *)data, count, CURL_BLOB_NOCOPY};
  return curl_easy_setopt(easy, option, &blob);
}

// The version of the library that is loaded, as 0xXXYYZZ.
static inline unsigned int quorate_curl_version(void) { return curl_version_info(CURLVERSION_NOW)->version_num; }

typedef size_t (*quorate_curl_write)(char *data, size_t size, size_t count, void *context);
typedef curl_socket_t (*quorate_curl_open)(void *context, curlsocktype purpose, struct curl_sockaddr *address);
typedef int (*quorate_curl_socket)(void *context, curl_socket_t descriptor, curlsocktype purpose);
typedef int (*quorate_curl_ready)(void *context, char *remote, char *local, int remote_port, int local_port);

static inline CURLcode quorate_curl_on_body(CURL *easy, quorate_curl_write call, void *context) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, call);
  return code ? code : curl_easy_setopt(easy, CURLOPT_WRITEDATA, context);
}

static inline CURLcode quorate_curl_on_header(CURL *easy, quorate_curl_write call, void *context) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, call);
  return code ? code : curl_easy_setopt(easy, CURLOPT_HEADERDATA, context);
}

static inline CURLcode quorate_curl_on_open(CURL *easy, quorate_curl_open call, void *context) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, call);
  return code ? code : curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, context);
}

static inline CURLcode quorate_curl_on_socket(CURL *easy, quorate_curl_socket call, void *context) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, call);
  return code ? code : curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, context);
}

// Called each time a connection is ready for a request, before a byte of the request is sent.
static inline CURLcode quorate_curl_on_ready(CURL *easy, quorate_curl_ready call, void *context) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, call);
  return code ? code : curl_easy_setopt(easy, CURLOPT_PREREQDATA, context);
}

// Called when a TLS connection is about to begin, before a byte of it is sent.
static inline CURLcode quorate_curl_on_tls(CURL *easy, curl_ssl_ctx_callback call, void *context) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, call);
  return code ? code : curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, context);
}

// libcurl's own account of what it does; the error buffer keeps its first complaint only.
static inline CURLcode quorate_curl_on_account(CURL *easy, curl_debug_callback call, void *context) {
  CURLcode code = curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, call);
  if (!code) code = curl_easy_setopt(easy, CURLOPT_DEBUGDATA, context);
  return code ? code : curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
}

static inline long quorate_curl_long(CURL *easy, CURLINFO info) {
  long value = 0;
  return curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

// The connection of a handle that only connected; -1: there is none.
static inline curl_socket_t quorate_curl_active_socket(CURL *easy) {
  curl_socket_t socket = CURL_SOCKET_BAD;
  return curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &socket) == CURLE_OK ? socket : CURL_SOCKET_BAD;
}

static inline struct curl_certinfo *quorate_curl_certificates(CURL *easy) {
  struct curl_certinfo *chain = NULL;
  return curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain) == CURLE_OK ? chain : NULL;
}
