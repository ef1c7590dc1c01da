/*
 * c-issuer: an issuer for Quorate in one file of C. It signs with the CA that the configuration brings (ca.certificate
 * and ca.key), by OpenSSL.
 *
 *   cc -std=c11 -fPIC -shared -fvisibility=hidden -o c-issuer.so c-issuer.c -lcrypto
 *
 * From top to bottom: reading JSON, writing it, signing, the two questions of an issuer, and the tables of
 * quorate_plugin.h. Yours will differ in the middle.
 */
#define _POSIX_C_SOURCE 200809L
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quorate_plugin.h"

/* ---- Reading JSON: the host's messages are well formed and have no blanks between values, so a value is found by
 * walking over what stands before it. ---- */

typedef struct text {
  const char *start, *end; /* a part of the message; start NULL: nothing */
} text;

static const char *skip_string(const char *at, const char *end) {
  for (at++; at < end && *at != '"'; at++)
    if (*at == '\\') at++;
  return at < end ? at + 1 : end;
}

/* Where the value ends that begins at `at`. */
static const char *skip_value(const char *at, const char *end) {
  int depth = 0;
  while (at < end) {
    if (*at == '"') {
      at = skip_string(at, end);
      if (depth == 0) return at;
      continue;
    }
    if (*at == '{' || *at == '[') depth++;
    if (*at == '}' || *at == ']') {
      if (depth == 0) return at;
      if (--depth == 0) return at + 1;
    }
    if (*at == ',' && depth == 0) return at;
    at++;
  }
  return end;
}

/* The value behind a key of an object. */
static text member(text object, const char *key) {
  const size_t length = strlen(key);
  const char *at = object.start ? object.start + 1 : object.end;
  while (at < object.end && *at == '"') {
    const char *name = at + 1;
    at = skip_string(at, object.end);
    const bool found = (size_t)(at - name) == length + 1 && memcmp(name, key, length) == 0;
    if (at < object.end) at++; /* the colon */
    const char *after = skip_value(at, object.end);
    if (found) return (text){at, after};
    at = after < object.end && *after == ',' ? after + 1 : object.end;
  }
  return (text){NULL, NULL};
}

/* The first element of a list; then, given an element, the next. */
static text next(text list, text element) {
  const char *at = element.start ? element.end : list.start;
  if (!list.start || at + 1 >= list.end || at[1] == ']' || *at == ']') return (text){NULL, NULL};
  return (text){at + 1, skip_value(at + 1, list.end)};
}

static long long number(text value) { return value.start ? strtoll(value.start, NULL, 10) : 0; }
static bool is_true(text value) { return value.start && *value.start == 't'; }

/* What a string says; the caller frees it. Characters beyond ASCII come as they are: \u is for control characters. */
static char *string(text value) {
  if (!value.start || *value.start != '"') return calloc(1, 1);
  char *result = malloc((size_t)(value.end - value.start)), *out = result;
  if (!result) return NULL;
  for (const char *at = value.start + 1; at < value.end - 1; at++) {
    if (*at != '\\') {
      *out++ = *at;
      continue;
    }
    at++;
    if (*at == 'u') {
      char digits[5] = {at[1], at[2], at[3], at[4], 0};
      *out++ = (char)strtol(digits, NULL, 16);
      at += 4;
    } else {
      *out++ = *at == 'n' ? '\n' : *at == 't' ? '\t' : *at == 'r' ? '\r' : *at;
    }
  }
  *out = 0;
  return result;
}

/* ---- Writing JSON ---- */

static void write_string(BIO *out, const char *start, size_t count) {
  BIO_puts(out, "\"");
  for (size_t index = 0; index < count; index++) {
    const unsigned char byte = (unsigned char)start[index];
    if (byte == '"' || byte == '\\')
      BIO_printf(out, "\\%c", byte);
    else if (byte < 32)
      BIO_printf(out, "\\u%04x", byte);
    else
      BIO_write(out, &byte, 1);
  }
  BIO_puts(out, "\"");
}

/* ---- Signing ---- */

typedef struct authority {
  X509 *certificate;
  EVP_PKEY *key;
} authority;

static void free_authority(authority *ca) {
  X509_free(ca->certificate);
  EVP_PKEY_free(ca->key);
}

/* Reads the CA of a batch. Its key is one of the secrets beside the message. Returns NULL, or why not. */
static const char *read_authority(text object, const quorate_call *call, authority *ca) {
  char *pem = string(member(object, "certificate"));
  BIO *input = BIO_new_mem_buf(pem, -1);
  ca->certificate = PEM_read_bio_X509(input, NULL, NULL, NULL);
  BIO_free(input);
  free(pem);
  if (!ca->certificate) return "the CA's certificate cannot be read";
  const text reference = member(object, "key");
  const long long index = number(member(reference, "$secret"));
  if (!reference.start || index < 0 || index >= (long long)call->secret_count)
    return "the CA's certificate is there, but not its private key, so nothing can be issued";
  const quorate_bytes secret = call->secrets[index];
  input = BIO_new_mem_buf(secret.data, (int)secret.count); /* reads where it is: there is no copy to be wiped */
  ca->key = PEM_read_bio_PrivateKey(input, NULL, NULL, (void *)(uintptr_t) "");
  BIO_free(input);
  if (!ca->key) return "the CA's private key cannot be read";
  if (X509_check_private_key(ca->certificate, ca->key) != 1)
    return "the CA's private key does not belong to its certificate";
  return NULL;
}

/* The names that a certificate must have, as OpenSSL's configuration has them: DNS:a,IP:127.0.0.1. */
static char *wanted_names(text profile) {
  BIO *out = BIO_new(BIO_s_mem());
  const struct {
    const char *key, *prefix;
  } kinds[] = {{"dnsNames", "DNS:"}, {"addresses", "IP:"}};
  bool first = true;
  for (int kind = 0; kind < 2; kind++) {
    const text list = member(profile, kinds[kind].key);
    for (text one = next(list, (text){NULL, NULL}); one.start; one = next(list, one)) {
      char *name = string(one);
      /* A comma would add a name that nobody asked for. */
      if (!strpbrk(name, ",\n")) BIO_printf(out, "%s%s%s", first ? "" : ",", kinds[kind].prefix, name);
      first = false;
      free(name);
    }
  }
  BIO_write(out, "", 1);
  char *bytes;
  BIO_get_mem_data(out, &bytes);
  char *names = strdup(bytes);
  BIO_free(out);
  return names;
}

/* Whether a request asks for just these names. */
static bool asks_for(X509_REQ *request, X509_EXTENSION *names) {
  STACK_OF(X509_EXTENSION) *asked = X509_REQ_get_extensions(request);
  const int place = X509v3_get_ext_by_NID(asked, NID_subject_alt_name, -1);
  bool same = place < 0 && !names;
  if (place >= 0 && names)
    same = ASN1_OCTET_STRING_cmp(
               X509_EXTENSION_get_data(X509v3_get_ext(asked, place)), X509_EXTENSION_get_data(names)) == 0;
  sk_X509_EXTENSION_pop_free(asked, X509_EXTENSION_free);
  return same;
}

static bool add(X509 *certificate, X509V3_CTX *context, int what, const char *value) {
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, context, what, value);
  const bool added = extension && X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  return added;
}

/* Makes the certificate that a request asks for. Returns NULL, or why not. */
static const char *sign(const authority *ca, text asked, BIO *pem) {
  const text profile = member(asked, "profile");
  const time_t not_before = (time_t)number(member(asked, "notBefore"));
  const time_t not_after = (time_t)number(member(asked, "notAfter"));
  char *csr = string(member(asked, "csr")), *common_name = string(member(profile, "commonName"));
  char *names = wanted_names(profile), asked_name[256] = "";
  BIO *input = BIO_new_mem_buf(csr, -1);
  X509_REQ *request = PEM_read_bio_X509_REQ(input, NULL, NULL, NULL);
  BIO_free(input);
  X509_EXTENSION *san = *names ? X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names) : NULL;
  X509 *certificate = X509_new();
  const char *why = NULL;
  if (request)
    X509_NAME_get_text_by_NID(X509_REQ_get_subject_name(request), NID_commonName, asked_name, sizeof asked_name);

  if (!request)
    why = "the signing request cannot be read";
  else if (X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) != 1)
    why = "the signing request is not signed with the key that it names";
  else if (strcmp(asked_name, common_name) != 0)
    why = "the signing request is for another name than it should be";
  else if ((*names && !san) || !asks_for(request, san))
    why = "the signing request asks for other DNS names or addresses than it should";
  else if (not_before >= not_after || X509_cmp_time(X509_get0_notAfter(ca->certificate), (time_t[]){not_after - 1}) < 0)
    why = "the certificate would be valid for longer than the CA";
  else {
    BIGNUM *serial = BN_new();
    X509V3_CTX context;
    X509V3_set_ctx(&context, ca->certificate, certificate, NULL, NULL, 0);
    const bool serves = is_true(member(profile, "isServer")), is_client = is_true(member(profile, "isClient"));
    const char *usages = serves && is_client ? "serverAuth,clientAuth" : serves ? "serverAuth" : "clientAuth";
    const bool made =
        BN_rand(serial, 126, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
        BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate)) && X509_set_version(certificate, 2) &&
        X509_set_issuer_name(certificate, X509_get_subject_name(ca->certificate)) &&
        X509_set_subject_name(certificate, X509_REQ_get_subject_name(request)) &&
        X509_set_pubkey(certificate, X509_REQ_get0_pubkey(request)) &&
        ASN1_TIME_set(X509_getm_notBefore(certificate), not_before) &&
        ASN1_TIME_set(X509_getm_notAfter(certificate), not_after) &&
        add(certificate, &context, NID_key_usage, "critical,digitalSignature,keyEncipherment") &&
        (!(serves || is_client) || add(certificate, &context, NID_ext_key_usage, usages)) &&
        add(certificate, &context, NID_basic_constraints, "critical,CA:FALSE") &&
        add(certificate, &context, NID_authority_key_identifier, "keyid") &&
        (!san || X509_add_ext(certificate, san, -1)) && X509_sign(certificate, ca->key, EVP_sha256()) &&
        PEM_write_bio_X509(pem, certificate);
    if (!made) why = "OpenSSL cannot make the certificate";
    BN_free(serial);
  }
  X509_free(certificate);
  X509_EXTENSION_free(san);
  X509_REQ_free(request);
  free(names);
  free(common_name);
  free(csr);
  return why;
}

/* ---- The questions ---- */

typedef struct instance {
  const quorate_host *host;
} instance;

static void reply(const instance *self, const quorate_call *call, uint32_t status, const char *message, size_t count) {
  quorate_reply answer = {.struct_size = sizeof answer, .status = status};
  answer.message.data = (const uint8_t *)message;
  answer.message.count = count;
  self->host->reply(self->host->context, call->id, &answer);
}

static void fail(const instance *self, const quorate_call *call, const char *why, const char *fix) {
  char message[512];
  const int count = snprintf(message, sizeof message, "{\"version\":1,\"why\":\"%s\",\"fix\":\"%s\"}", why, fix);
  reply(self, call, QUORATE_STATUS_FAILED, message, (size_t)count);
}

/* "issuer.authority": which CA is issued from. This issuer makes none. */
static void tell_authority(const instance *self, const quorate_call *call, text question) {
  const text certificate = member(member(question, "existing"), "certificate");
  if (!certificate.start) {
    fail(self, call, "there is no CA to issue from", "name its files by ca.certificate and ca.key");
    return;
  }
  BIO *out = BIO_new(BIO_s_mem());
  BIO_puts(out, "{\"version\":1,\"isNew\":false,\"authority\":{\"certificate\":");
  BIO_write(out, certificate.start, (int)(certificate.end - certificate.start)); /* as it came */
  BIO_puts(out, "}}");
  char *bytes;
  const long count = BIO_get_mem_data(out, &bytes);
  reply(self, call, QUORATE_STATUS_OK, bytes, (size_t)count);
  BIO_free(out);
}

/* "issuer.issue": each request is answered by itself. */
static void issue(const instance *self, const quorate_call *call, text question) {
  authority ca = {NULL, NULL};
  const char *why = read_authority(member(question, "authority"), call, &ca);
  if (why) {
    fail(self, call, why, "name the files that belong together by ca.certificate and ca.key");
    free_authority(&ca);
    return;
  }
  const text requests = member(question, "requests");
  BIO *out = BIO_new(BIO_s_mem());
  BIO_puts(out, "{\"version\":1,\"replies\":[");
  for (text one = next(requests, (text){NULL, NULL}); one.start; one = next(requests, one)) {
    const text id = member(one, "id");
    BIO *pem = BIO_new(BIO_s_mem());
    why = sign(&ca, one, pem);
    BIO_printf(out, "%s{\"id\":", one.start == requests.start + 1 ? "" : ",");
    BIO_write(out, id.start, (int)(id.end - id.start));
    if (why) {
      BIO_puts(out, ",\"refused\":{\"retryable\":false,\"why\":");
      write_string(out, why, strlen(why));
      BIO_puts(out, "}}");
    } else {
      char *bytes;
      const long count = BIO_get_mem_data(pem, &bytes);
      BIO_puts(out, ",\"issued\":");
      write_string(out, bytes, (size_t)count);
      BIO_puts(out, "}");
    }
    BIO_free(pem);
  }
  BIO_puts(out, "]}");
  char *bytes;
  const long count = BIO_get_mem_data(out, &bytes);
  reply(self, call, QUORATE_STATUS_OK, bytes, (size_t)count);
  BIO_free(out);
  free_authority(&ca);
}

/* ---- The tables ---- */

static void *create(void *userdata, uint32_t kind, const quorate_host *host) {
  (void)userdata;
  (void)kind;
  instance *self = malloc(sizeof *self);
  if (self) self->host = host;
  return self;
}

static void destroy(void *self) { free(self); }

/* Runs on a thread of its own for each call, so it answers before it returns. */
static void call(void *self, const quorate_call *call) {
  const char *start = (const char *)call->message.data;
  const text question = {start, start + call->message.count};
  if (number(member(question, "version")) != 1)
    fail(self, call, "the question is of another version of messages", "install a newer c-issuer");
  else if (strcmp(call->function, "configure") == 0)
    reply(self, call, QUORATE_STATUS_OK, "{\"version\":1}", 13);
  else if (strcmp(call->function, "issuer.authority") == 0)
    tell_authority(self, call, question);
  else if (strcmp(call->function, "issuer.issue") == 0)
    issue(self, call, question);
  else
    reply(self, call, QUORATE_STATUS_UNKNOWN_FUNCTION, NULL, 0);
}

/* Nothing here takes long: the answer comes by itself. */
static void cancel(void *self, uint64_t call) {
  (void)self;
  (void)call;
}

static const quorate_functions functions = {
    .struct_size = sizeof functions, .create = create, .destroy = destroy, .call = call, .cancel = cancel};

static const quorate_descriptor descriptor = {
    .magic = QUORATE_PLUGIN_MAGIC,
    .struct_size = sizeof descriptor,
    .abi_major = QUORATE_ABI_MAJOR,
    .abi_minor = QUORATE_ABI_MINOR,
    .id = "c-issuer",
    .version = "1.0.0",
    .summary = "Issues from the CA that the configuration brings.",
    .lowest_host = "0.1.0",
    .kinds = QUORATE_KIND_ISSUER,
    .functions = &functions,
};

QUORATE_EXPORT const quorate_descriptor *quorate_plugin(void) { return &descriptor; }
