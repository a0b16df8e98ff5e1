#include "cluster/auth/x509_objects.h"

#include <time.h>

#include <array>
#include <cstdlib>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "runtime/base/text.h"

namespace ikada::auth {

Error crypto_error(std::string_view what) {
  std::array<char, 256> text{};
  ::ERR_error_string_n(::ERR_get_error(), text.data(), text.size());
  ::ERR_clear_error();
  return make_error(ErrorKind::kInvalid, "{}: {}", what, text.data());
}

void must(bool is_done) {
  if (!is_done) std::abort();
}

Bio reading(std::string_view text) {
  Bio bio(::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  must(bio != nullptr);
  return bio;
}

Bio writing() {
  Bio bio(::BIO_new(::BIO_s_mem()));
  must(bio != nullptr);
  return bio;
}

std::string written(const Bio& bio) {
  char* bytes = nullptr;
  const long size = ::BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<size_t>(size)};
}

int no_pass_phrase(char* /*buffer*/, int /*size*/, int /*is_writing*/, void* /*user*/) {
  return -1;
}

Result<Key> parse_private_key(const Secret& text) {
  Key key(
      ::PEM_read_bio_PrivateKey(reading(text.reveal()).get(), nullptr, no_pass_phrase, nullptr));
  if (key == nullptr) return crypto_error("private key");
  return key;
}

Result<Certificate> parse_certificate(const std::string& text) {
  Certificate certificate(
      ::PEM_read_bio_X509(reading(text).get(), nullptr, no_pass_phrase, nullptr));
  if (certificate == nullptr) return crypto_error("certificate");
  return certificate;
}

std::string certificate_text(const Certificate& certificate) {
  const Bio bio = writing();
  must(::PEM_write_bio_X509(bio.get(), certificate.get()) == 1);
  return written(bio);
}

std::string serial_of(const X509* certificate) {
  const Number serial(::ASN1_INTEGER_to_BN(::X509_get0_serialNumber(certificate), nullptr));
  must(serial != nullptr);
  char* const digits = ::BN_bn2hex(serial.get());
  if (digits == nullptr) std::abort();  // No memory; said so that an analyzer sees it.
  std::string text = lower_case(digits);
  ::OPENSSL_free(digits);
  return text;
}

std::int64_t seconds_of(const ASN1_TIME* time) {
  tm broken{};
  must(::ASN1_TIME_to_tm(time, &broken) == 1);
  return ::timegm(&broken);
}

}  // namespace ikada::auth
