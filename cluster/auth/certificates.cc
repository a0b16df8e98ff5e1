#include "cluster/auth/certificates.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include "cluster/auth/join_token.h"
#include "cluster/auth/x509_objects.h"
#include "runtime/base/text.h"

namespace ikada::auth {
namespace {

constexpr std::string_view kScheme = "ikada://";
constexpr size_t kIdDigits = 32;
constexpr size_t kDigestDigits = 50;
constexpr std::int64_t kBackdateSeconds = 3600;
constexpr std::int64_t kAuthoritySeconds = std::int64_t{3650} * 24 * 3600;
constexpr int kSerialBits = 127;
constexpr long kX509Version3 = 2;

void set_random_serial(X509* certificate) {
  const Number number(::BN_new());
  must(number != nullptr &&
       ::BN_rand(number.get(), kSerialBits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
       ::BN_to_ASN1_INTEGER(number.get(), ::X509_get_serialNumber(certificate)) != nullptr);
}

void set_times(X509* certificate, std::int64_t now_s, std::int64_t lifetime_s) {
  // Of one that is short-lived that would be most of its life.
  const std::int64_t backdate_s = std::min(kBackdateSeconds, lifetime_s / 2);
  must(::ASN1_TIME_set(::X509_getm_notBefore(certificate), now_s - backdate_s) != nullptr &&
       ::ASN1_TIME_set(::X509_getm_notAfter(certificate), now_s + lifetime_s) != nullptr);
}

void add_entry(X509_NAME* name, int nid, std::string_view text) {
  must(::X509_NAME_add_entry_by_NID(name,
                                    nid,
                                    MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()),
                                    -1,
                                    0) == 1);
}

void add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(::X509V3_EXT_nconf_nid(nullptr, &context, nid, value));
  must(extension != nullptr && ::X509_add_ext(certificate, extension.get(), -1) == 1);
}

void add_name(GENERAL_NAMES* names, int type, const void* bytes, size_t size) {
  GENERAL_NAME* name = ::GENERAL_NAME_new();
  ASN1_STRING* value = type == GEN_IPADD ? ::ASN1_OCTET_STRING_new() : ::ASN1_IA5STRING_new();
  must(name != nullptr && value != nullptr &&
       ::ASN1_STRING_set(value, bytes, static_cast<int>(size)) == 1);
  ::GENERAL_NAME_set0_value(name, type, value);
  must(sk_GENERAL_NAME_push(names, name) > 0);
}

void add_host(GENERAL_NAMES* names, const std::string& host) {
  in6_addr address{};
  if (::inet_pton(AF_INET, host.c_str(), &address) == 1) {
    return add_name(names, GEN_IPADD, &address, sizeof(in_addr));
  }
  if (::inet_pton(AF_INET6, host.c_str(), &address) == 1) {
    return add_name(names, GEN_IPADD, &address, sizeof address);
  }
  add_name(names, GEN_DNS, host.data(), host.size());
}

// `uri` is empty for a certificate without one.
void add_subject_names(X509* certificate,
                       const std::string& uri,
                       const std::vector<std::string>& hosts) {
  const SubjectNames names(sk_GENERAL_NAME_new_null());
  must(names != nullptr);
  if (!uri.empty()) add_name(names.get(), GEN_URI, uri.data(), uri.size());
  for (const std::string& host : hosts) add_host(names.get(), host);
  must(::X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) == 1);
}

struct Term {
  std::int64_t now_s;
  std::int64_t lifetime_s;
};

// What all certificates have that are no authority's.
Certificate start_certificate(X509* issuer, EVP_PKEY* key, const Term& term) {
  Certificate certificate(::X509_new());
  must(certificate != nullptr && ::X509_set_version(certificate.get(), kX509Version3) == 1);
  set_random_serial(certificate.get());
  set_times(certificate.get(), term.now_s, term.lifetime_s);
  must(::X509_set_issuer_name(certificate.get(), ::X509_get_subject_name(issuer)) == 1 &&
       ::X509_set_pubkey(certificate.get(), key) == 1);
  add_extension(certificate.get(), issuer, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate.get(), issuer, NID_key_usage, "critical,digitalSignature");
  add_extension(certificate.get(), issuer, NID_authority_key_identifier, "keyid:always");
  return certificate;
}

bool is_p256(EVP_PKEY* key) {
  std::array<char, 32> group{};
  size_t size = 0;
  return ::EVP_PKEY_is_a(key, "EC") == 1 &&
         ::EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1 &&
         std::string_view(group.data(), size) == SN_X9_62_prime256v1;
}

bool is_id(std::string_view text) {
  return text.size() == kIdDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// The only URI among a certificate's names; empty if there is none or more than one.
std::string only_uri(const X509* certificate) {
  const SubjectNames names(static_cast<GENERAL_NAMES*>(
      ::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::string uri;
  const int count = names == nullptr ? 0 : sk_GENERAL_NAME_num(names.get());
  for (int place = 0; place < count; ++place) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), place);
    if (name->type != GEN_URI) continue;
    if (!uri.empty()) return "";
    const ASN1_STRING* value = name->d.uniformResourceIdentifier;
    uri.assign(reinterpret_cast<const char*>(::ASN1_STRING_get0_data(value)),
               static_cast<size_t>(::ASN1_STRING_length(value)));
  }
  return uri;
}

}  // namespace

std::string_view to_text(NodeRole role) {
  return role == NodeRole::kManager ? "manager" : "worker";
}

std::optional<NodeRole> parse_node_role(std::string_view text) {
  if (text == "worker") return NodeRole::kWorker;
  if (text == "manager") return NodeRole::kManager;
  return std::nullopt;
}

std::string to_uri(const NodeIdentity& identity) {
  return fmt::format(
      "{}{}/{}/{}", kScheme, identity.cluster, to_text(identity.role), identity.node);
}

Result<NodeIdentity> parse_identity_uri(std::string_view uri) {
  constexpr size_t kParts = 3;
  const Error wrong = make_error(ErrorKind::kInvalid, "certificate: no identity of a node");
  if (!uri.starts_with(kScheme)) return wrong;
  const std::vector<std::string_view> parts = split(uri.substr(kScheme.size()), '/');
  if (parts.size() != kParts || !is_id(parts[0]) || !is_id(parts[2])) return wrong;
  const std::optional<NodeRole> role = parse_node_role(parts[1]);
  if (!role.has_value()) return wrong;
  return NodeIdentity{
      .cluster = std::string(parts[0]), .role = *role, .node = std::string(parts[2])};
}

Secret generate_private_key() {
  const Key key(::EVP_EC_gen(SN_X9_62_prime256v1));
  must(key != nullptr);
  const Bio bio = writing();
  must(::PEM_write_bio_PKCS8PrivateKey(
           bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return Secret(written(bio));
}

Result<std::string> create_certificate_request(const Secret& key) {
  IK_LET(parsed, parse_private_key(key));
  const Request request(::X509_REQ_new());
  must(request != nullptr && ::X509_REQ_set_pubkey(request.get(), parsed.get()) == 1);
  if (::X509_REQ_sign(request.get(), parsed.get(), ::EVP_sha256()) == 0) {
    return crypto_error("sign the certificate request");
  }
  const Bio bio = writing();
  must(::PEM_write_bio_X509_REQ(bio.get(), request.get()) == 1);
  return written(bio);
}

Result<CertificateAuthority> CertificateAuthority::create(std::string_view cluster,
                                                          std::int64_t now_s) {
  Secret key = generate_private_key();
  IK_LET(parsed, parse_private_key(key));
  const Certificate certificate(::X509_new());
  must(certificate != nullptr && ::X509_set_version(certificate.get(), kX509Version3) == 1);
  set_random_serial(certificate.get());
  set_times(certificate.get(), now_s, kAuthoritySeconds);
  add_entry(::X509_get_subject_name(certificate.get()),
            NID_organizationName,
            fmt::format("ikada cluster {}", cluster));
  must(::X509_set_issuer_name(certificate.get(), ::X509_get_subject_name(certificate.get())) == 1 &&
       ::X509_set_pubkey(certificate.get(), parsed.get()) == 1);
  X509* self = certificate.get();
  add_extension(self, self, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(self, self, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(self, self, NID_subject_key_identifier, "hash");
  if (::X509_sign(self, parsed.get(), ::EVP_sha256()) == 0) {
    return crypto_error("sign the authority's certificate");
  }
  return CertificateAuthority(certificate_text(certificate), std::move(key));
}

Result<CertificateAuthority> CertificateAuthority::load(std::string certificate, Secret key) {
  IK_LET(parsed, parse_certificate(certificate));
  IK_LET(parsed_key, parse_private_key(key));
  if (::X509_check_private_key(parsed.get(), parsed_key.get()) != 1) {
    return crypto_error("the authority's key is not that of its certificate");
  }
  return CertificateAuthority(std::move(certificate), std::move(key));
}

Result<std::string> CertificateAuthority::issue(const std::string& request,
                                                const CertificateOrder& order) const {
  const Request parsed(
      ::PEM_read_bio_X509_REQ(reading(request).get(), nullptr, no_pass_phrase, nullptr));
  if (parsed == nullptr) return crypto_error("certificate request");
  EVP_PKEY* node_key = ::X509_REQ_get0_pubkey(parsed.get());
  if (node_key == nullptr || !is_p256(node_key) || ::X509_REQ_verify(parsed.get(), node_key) != 1) {
    ::ERR_clear_error();
    return make_error(ErrorKind::kInvalid, "certificate request: not signed with a P-256 key");
  }
  IK_LET(issuer, parse_certificate(certificate_));
  IK_LET(issuer_key, parse_private_key(key_));
  const Certificate certificate = start_certificate(
      issuer.get(), node_key, {.now_s = order.now_s, .lifetime_s = order.lifetime_s});
  add_entry(::X509_get_subject_name(certificate.get()),
            NID_organizationName,
            fmt::format("ikada {}", to_text(order.identity.role)));
  const bool is_server = order.identity.role == NodeRole::kManager;
  add_extension(certificate.get(),
                issuer.get(),
                NID_ext_key_usage,
                is_server ? "serverAuth,clientAuth" : "clientAuth");
  add_subject_names(certificate.get(), to_uri(order.identity), order.hosts);
  if (::X509_sign(certificate.get(), issuer_key.get(), ::EVP_sha256()) == 0) {
    return crypto_error("sign the node's certificate");
  }
  return certificate_text(certificate);
}

Result<std::string> CertificateAuthority::issue_server(const Secret& key,
                                                       const ServerOrder& order) const {
  constexpr size_t kMaxCommonName = 64;
  if (order.names.empty()) return make_error(ErrorKind::kInvalid, "certificate: no name");
  IK_LET(server_key, parse_private_key(key));
  IK_LET(issuer, parse_certificate(certificate_));
  IK_LET(issuer_key, parse_private_key(key_));
  const Certificate certificate = start_certificate(
      issuer.get(), server_key.get(), {.now_s = order.now_s, .lifetime_s = order.lifetime_s});
  const std::string& name = order.names.front();
  if (name.size() <= kMaxCommonName) {
    add_entry(::X509_get_subject_name(certificate.get()), NID_commonName, name);
  } else {
    add_entry(::X509_get_subject_name(certificate.get()), NID_organizationName, "ikada server");
  }
  add_extension(certificate.get(), issuer.get(), NID_ext_key_usage, "serverAuth");
  add_subject_names(certificate.get(), "", order.names);
  if (::X509_sign(certificate.get(), issuer_key.get(), ::EVP_sha256()) == 0) {
    return crypto_error("sign the server's certificate");
  }
  return certificate_text(certificate);
}

Result<CertificateFacts> read_certificate(const std::string& certificate) {
  IK_LET(parsed, parse_certificate(certificate));
  CertificateFacts facts;
  IK_LET(identity, parse_identity_uri(only_uri(parsed.get())));
  facts.identity = std::move(identity);
  facts.serial = serial_of(parsed.get());
  facts.not_before_s = seconds_of(::X509_get0_notBefore(parsed.get()));
  facts.not_after_s = seconds_of(::X509_get0_notAfter(parsed.get()));
  return facts;
}

bool is_issued_by(const std::string& certificate, const std::string& authority) {
  const Result<Certificate> parsed = parse_certificate(certificate);
  const Result<Certificate> issuer = parse_certificate(authority);
  if (!parsed.has_value() || !issuer.has_value()) return false;
  const bool is_its = ::X509_verify(parsed->get(), ::X509_get0_pubkey(issuer->get())) == 1;
  ::ERR_clear_error();
  return is_its;
}

Result<std::string> authority_digest(const std::string& certificate) {
  IK_LET(parsed, parse_certificate(certificate));
  unsigned char* bytes = nullptr;
  const int size = ::i2d_X509_PUBKEY(::X509_get_X509_PUBKEY(parsed.get()), &bytes);
  if (size <= 0) return crypto_error("the authority's public key");
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned digest_size = 0;
  must(
      ::EVP_Digest(
          bytes, static_cast<size_t>(size), digest.data(), &digest_size, ::EVP_sha256(), nullptr) ==
      1);
  ::OPENSSL_free(bytes);
  return to_base36({digest.data(), digest_size}, kDigestDigits);
}

}  // namespace ikada::auth
