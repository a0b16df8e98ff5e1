#include "cluster/node/node_tls.h"

#include <array>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

namespace ikada {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;

Error tls_error(std::string_view what) {
  std::array<char, 256> text{};
  ::ERR_error_string_n(::ERR_get_error(), text.data(), text.size());
  ::ERR_clear_error();
  return make_error(ErrorKind::kInvalid, "{}: {}", what, text.data());
}

std::string pem_of(X509* certificate) {
  const std::unique_ptr<BIO, decltype(&::BIO_free)> bio(::BIO_new(::BIO_s_mem()), &::BIO_free);
  if (bio == nullptr || ::PEM_write_bio_X509(bio.get(), certificate) != 1) return "";
  char* bytes = nullptr;
  const long size = ::BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<size_t>(size)};
}

TlsContext new_context(ssl::context::method method) {
  auto context = std::make_shared<ssl::context>(method);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_3_VERSION);
  ::SSL_CTX_set_options(native, SSL_OP_NO_TICKET);
  ::SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_num_tickets(native, 0);
  return context;
}

Result<void> use(ssl::context& context, const NodeCredentials& credentials) {
  boost::system::error_code error;
  // The authority goes along, so that a host that joins can look at it.
  const std::string chain = credentials.certificate + credentials.authority;
  context.use_certificate_chain(asio::buffer(chain), error);
  if (error) return tls_error("the node's certificate");
  const std::string_view key = credentials.key.reveal();
  context.use_private_key(asio::buffer(key.data(), key.size()), ssl::context::pem, error);
  if (error) return tls_error("the node's key");
  context.add_certificate_authority(asio::buffer(credentials.authority), error);
  if (error) return tls_error("the authority's certificate");
  for (const std::string& other : credentials.others) {
    context.add_certificate_authority(asio::buffer(other), error);
    if (error) return tls_error("another authority's certificate");
  }
  return {};
}

int place_of_pin(SSL_CTX*) {
  static const int place = ::SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr, [](void*, void* pin, CRYPTO_EX_DATA*, int, long, void*) {
        delete static_cast<std::string*>(pin);
      });
  return place;
}

// In place of looking into a list of trusted certificates: the one of the pinned digest among those
// that were sent is trusted, and the rest has to follow from it as ever.
int verify_pinned(X509_STORE_CTX* store, void* pin) {
  const std::string& digest = *static_cast<const std::string*>(pin);
  STACK_OF(X509)* const sent = ::X509_STORE_CTX_get0_untrusted(store);
  const std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)> trusted(
      sk_X509_new_null(), [](STACK_OF(X509) * list) { sk_X509_free(list); });
  for (int place = 0; place < sk_X509_num(sent); ++place) {
    X509* const certificate = sk_X509_value(sent, place);
    const Result<std::string> its = auth::authority_digest(pem_of(certificate));
    if (its.has_value() && *its == digest) sk_X509_push(trusted.get(), certificate);
  }
  if (sk_X509_num(trusted.get()) == 0) {
    ::X509_STORE_CTX_set_error(store, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    return 0;
  }
  ::X509_STORE_CTX_set0_trusted_stack(store, trusted.get());
  return ::X509_verify_cert(store);
}

}  // namespace

Result<TlsContext> node_server_tls(const NodeCredentials& credentials) {
  TlsContext context = new_context(ssl::context::tls_server);
  IK_TRY(use(*context, credentials));
  context->set_verify_mode(ssl::verify_peer);
  return context;
}

Result<TlsContext> public_server_tls(const NodeCredentials& credentials) {
  TlsContext context = new_context(ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  IK_TRY(use(*context, credentials));
  context->set_verify_mode(ssl::verify_none);
  return context;
}

Result<TlsContext> node_client_tls(const NodeCredentials& credentials) {
  TlsContext context = new_context(ssl::context::tls_client);
  IK_TRY(use(*context, credentials));
  context->set_verify_mode(ssl::verify_peer);
  return context;
}

Result<TlsContext> joining_tls(const std::string& authority_digest) {
  TlsContext context = new_context(ssl::context::tls_client);
  context->set_verify_mode(ssl::verify_peer);
  auto pin = std::make_unique<std::string>(authority_digest);
  SSL_CTX* native = context->native_handle();
  ::SSL_CTX_set_cert_verify_callback(native, &verify_pinned, pin.get());
  if (::SSL_CTX_set_ex_data(native, place_of_pin(native), pin.get()) != 1) {
    return tls_error("keep the pinned digest");
  }
  static_cast<void>(pin.release());
  return context;
}

Result<std::optional<auth::CertificateFacts>> verified_peer(SSL* connection) {
  X509* const certificate = ::SSL_get0_peer_certificate(connection);
  if (certificate == nullptr) return std::optional<auth::CertificateFacts>();
  Result<auth::CertificateFacts> facts = auth::read_certificate(pem_of(certificate));
  if (!facts.has_value()) return make_error(ErrorKind::kDenied, "{}", facts.error().message);
  return std::optional<auth::CertificateFacts>(std::move(*facts));
}

std::string sent_authority(SSL* connection) {
  STACK_OF(X509)* const chain = ::SSL_get_peer_cert_chain(connection);
  const int count = chain == nullptr ? 0 : sk_X509_num(chain);
  return count < 2 ? "" : pem_of(sk_X509_value(chain, count - 1));
}

}  // namespace ikada
