// What certificates.cc and certificate_details.cc have in common: libcrypto's objects with their
// owners, and PEM into them and out of them. For these files alone.
//
// Source: BIO_s_mem(3), PEM_read_bio_X509(3), EVP_PKEY_new(3).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "cluster/auth/secret.h"
#include "runtime/base/result.h"

namespace ikada::auth {

// What libcrypto returns, and who frees it.
template <auto kFree>
struct Freeing {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Freeing<::BIO_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freeing<::EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freeing<::X509_free>>;
using Request = std::unique_ptr<X509_REQ, Freeing<::X509_REQ_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freeing<::X509_EXTENSION_free>>;
using SubjectNames = std::unique_ptr<GENERAL_NAMES, Freeing<::GENERAL_NAMES_free>>;
using Number = std::unique_ptr<BIGNUM, Freeing<::BN_free>>;

// What libcrypto says last; kInvalid.
Error crypto_error(std::string_view what);

// For what cannot fail but for want of memory.
void must(bool is_done);

Bio reading(std::string_view text);
Bio writing();
std::string written(const Bio& bio);

// Nobody is asked for a pass phrase.
int no_pass_phrase(char* buffer, int size, int is_writing, void* user);

Result<Key> parse_private_key(const Secret& text);
// The first one in the text.
Result<Certificate> parse_certificate(const std::string& text);
std::string certificate_text(const Certificate& certificate);

// In lower-case hexadecimal digits.
std::string serial_of(const X509* certificate);
// Since 1970.
std::int64_t seconds_of(const ASN1_TIME* time);

}  // namespace ikada::auth
