#include "cluster/auth/certificate_details.h"

#include <arpa/inet.h>

#include <array>
#include <utility>

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>

#include "cluster/auth/x509_objects.h"
#include "runtime/base/text.h"

namespace ikada::auth {
namespace {

constexpr size_t kMostInChain = 10;

std::string name_text(const X509_NAME* name) {
  const Bio bio = writing();
  must(::X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0);
  return written(bio);
}

std::string common_name_of(const X509* certificate) {
  const X509_NAME* subject = ::X509_get_subject_name(certificate);
  const int place = ::X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (place < 0) return "";
  const ASN1_STRING* value = ::X509_NAME_ENTRY_get_data(::X509_NAME_get_entry(subject, place));
  return {reinterpret_cast<const char*>(::ASN1_STRING_get0_data(value)),
          static_cast<size_t>(::ASN1_STRING_length(value))};
}

std::string with_colons(const std::string& digits) {
  std::string padded = digits.size() % 2 == 0 ? digits : "0" + digits;
  std::string text;
  for (size_t place = 0; place < padded.size(); place += 2) {
    if (place > 0) text += ':';
    text += padded.substr(place, 2);
  }
  return text;
}

std::string address_text(const ASN1_STRING* value) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = ::ASN1_STRING_length(value) == sizeof(in_addr) ? AF_INET : AF_INET6;
  if (family == AF_INET6 && ::ASN1_STRING_length(value) != sizeof(in6_addr)) return "";
  if (::inet_ntop(family, ::ASN1_STRING_get0_data(value), text.data(), text.size()) == nullptr) {
    return "";
  }
  return text.data();
}

std::vector<std::string> names_of(const X509* certificate) {
  const SubjectNames names(static_cast<GENERAL_NAMES*>(
      ::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> texts;
  const int count = names == nullptr ? 0 : sk_GENERAL_NAME_num(names.get());
  for (int place = 0; place < count; ++place) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), place);
    if (name->type == GEN_DNS) {
      texts.emplace_back(reinterpret_cast<const char*>(::ASN1_STRING_get0_data(name->d.dNSName)),
                         static_cast<size_t>(::ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      texts.push_back(address_text(name->d.iPAddress));
    }
  }
  return texts;
}

std::string key_algorithm_of(const X509* certificate) {
  EVP_PKEY* key = ::X509_get0_pubkey(certificate);
  if (key == nullptr) return "";
  if (::EVP_PKEY_is_a(key, "RSA") == 1) return fmt::format("RSA_{}", ::EVP_PKEY_get_bits(key));
  std::array<char, 32> group{};
  size_t size = 0;
  const bool is_named = ::EVP_PKEY_is_a(key, "EC") == 1 &&
                        ::EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1;
  return is_named ? fmt::format("EC_{}", group.data()) : "";
}

// All certificates of a text, one after the other.
Result<std::vector<Certificate>> parse_certificates(const std::string& text) {
  std::vector<Certificate> found;
  const Bio bio = reading(text);
  while (true) {
    Certificate next(::PEM_read_bio_X509(bio.get(), nullptr, no_pass_phrase, nullptr));
    if (next == nullptr) break;
    found.push_back(std::move(next));
  }
  const bool is_end = ERR_GET_REASON(::ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!is_end) return crypto_error("certificate");
  ::ERR_clear_error();
  return found;
}

Result<std::string> check_chain(const X509* first, const std::string& text) {
  IK_LET(chain, parse_certificates(text));
  if (chain.empty()) return make_error(ErrorKind::kInvalid, "chain: no certificate");
  if (chain.size() > kMostInChain) return make_error(ErrorKind::kInvalid, "chain: too long");
  std::string written_out;
  const X509* before = first;
  for (const Certificate& each : chain) {
    const bool is_issuer =
        ::X509_check_issued(each.get(), const_cast<X509*>(before)) == X509_V_OK &&
        ::X509_verify(const_cast<X509*>(before), ::X509_get0_pubkey(each.get())) == 1;
    ::ERR_clear_error();
    if (!is_issuer) {
      return make_error(ErrorKind::kInvalid, "chain: each must have signed the one before it");
    }
    written_out += certificate_text(each);
    before = each.get();
  }
  return written_out;
}

}  // namespace

Result<CertificateDetails> read_details(const std::string& certificate) {
  IK_LET(parsed, parse_certificate(certificate));
  CertificateDetails details;
  details.subject = name_text(::X509_get_subject_name(parsed.get()));
  details.issuer = name_text(::X509_get_issuer_name(parsed.get()));
  details.common_name = common_name_of(parsed.get());
  details.serial = with_colons(serial_of(parsed.get()));
  details.names = names_of(parsed.get());
  details.key_algorithm = key_algorithm_of(parsed.get());
  details.signature_algorithm = ::OBJ_nid2ln(::X509_get_signature_nid(parsed.get()));
  details.not_before_s = seconds_of(::X509_get0_notBefore(parsed.get()));
  details.not_after_s = seconds_of(::X509_get0_notAfter(parsed.get()));
  details.is_authority = ::X509_check_ca(parsed.get()) > 0;
  return details;
}

Result<CertificateParts> check_parts(const CertificateParts& parts) {
  IK_LET(certificates, parse_certificates(parts.certificate));
  if (certificates.size() != 1) {
    return make_error(ErrorKind::kInvalid, "certificate: expected one, others go in the chain");
  }
  IK_LET(key, parse_private_key(parts.key));
  X509* certificate = certificates.front().get();
  if (::X509_check_private_key(certificate, key.get()) != 1) {
    ::ERR_clear_error();
    return make_error(ErrorKind::kInvalid, "private key: not that of the certificate");
  }
  CertificateParts checked{.certificate = certificate_text(certificates.front())};
  const Bio bio = writing();
  must(::PEM_write_bio_PKCS8PrivateKey(
           bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  checked.key = Secret(written(bio));
  if (parts.chain.empty()) return checked;
  IK_LET(chain, check_chain(certificate, parts.chain));
  checked.chain = std::move(chain);
  return checked;
}

}  // namespace ikada::auth
