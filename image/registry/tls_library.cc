#include "image/registry/tls_library.h"

#include "runtime/sys/shared_library.h"

namespace ikada::registry {
namespace {

Result<TlsLibrary> load_library() {
  IK_LET(ssl, SharedLibrary::open("libssl.so.3"));
  IK_LET(crypto, SharedLibrary::open("libcrypto.so.3"));
  TlsLibrary tls;
  IK_TRY(ssl.find("TLS_server_method", tls.server_method));
  IK_TRY(ssl.find("SSL_CTX_new", tls.context_new));
  IK_TRY(ssl.find("SSL_CTX_free", tls.context_free));
  IK_TRY(ssl.find("SSL_CTX_up_ref", tls.context_up_ref));
  IK_TRY(ssl.find("SSL_CTX_ctrl", tls.context_control));
  IK_TRY(ssl.find("SSL_CTX_set_options", tls.context_set_options));
  IK_TRY(ssl.find("SSL_CTX_use_certificate_chain_file", tls.use_certificate));
  IK_TRY(ssl.find("SSL_CTX_use_PrivateKey_file", tls.use_key));
  IK_TRY(ssl.find("SSL_CTX_check_private_key", tls.check_key));
  IK_TRY(ssl.find("SSL_new", tls.session_new));
  IK_TRY(ssl.find("SSL_free", tls.session_free));
  IK_TRY(ssl.find("SSL_set_fd", tls.set_fd));
  IK_TRY(ssl.find("SSL_set_accept_state", tls.set_accept_state));
  IK_TRY(ssl.find("SSL_read", tls.read));
  IK_TRY(ssl.find("SSL_write", tls.write));
  IK_TRY(ssl.find("SSL_shutdown", tls.shutdown));
  IK_TRY(ssl.find("SSL_get_error", tls.get_error));
  IK_TRY(crypto.find("ERR_get_error", tls.next_error));
  IK_TRY(crypto.find("ERR_clear_error", tls.clear_errors));
  IK_TRY(crypto.find("ERR_reason_error_string", tls.reason));
  return tls;
}

Error tls_error(const TlsLibrary& tls, std::string_view what) {
  const char* reason = tls.reason(tls.next_error());
  tls.clear_errors();
  return make_error(ErrorKind::kInvalid, "{}: {}", what, reason == nullptr ? "failed" : reason);
}

// What transports count on.
void set_modes(const TlsLibrary& tls, SSL_CTX* context) {
  tls.context_control(context,
                      SSL_CTRL_MODE,
                      SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER,
                      nullptr);
  tls.context_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
}

}  // namespace

Result<const TlsLibrary*> tls_library() {
  static const Result<TlsLibrary> loaded = load_library();
  if (!loaded.has_value()) return loaded.error();
  return &*loaded;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::load(const std::string& certificate,
                                                           const std::string& key) {
  IK_LET(library, tls_library());
  const TlsLibrary& tls = *library;
  tls.clear_errors();
  SSL_CTX* raw = tls.context_new(tls.server_method());
  if (raw == nullptr) return tls_error(tls, "SSL_CTX_new");
  // The constructor is private; the object owns the context from here on.
  std::shared_ptr<const TlsContext> context(new TlsContext(tls, raw));
  tls.context_control(raw, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, nullptr);
  set_modes(tls, raw);
  tls.context_set_options(
      raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  if (tls.use_certificate(raw, certificate.c_str()) != 1) {
    return tls_error(tls, fmt::format("certificate {}", certificate));
  }
  if (tls.use_key(raw, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return tls_error(tls, fmt::format("key {}", key));
  }
  if (tls.check_key(raw) != 1) {
    return tls_error(tls, fmt::format("key {} does not belong to {}", key, certificate));
  }
  return context;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::share(SSL_CTX* context, NamePeer name_peer) {
  IK_LET(library, tls_library());
  library->context_up_ref(context);
  std::shared_ptr<TlsContext> shared(new TlsContext(*library, context));
  set_modes(*library, context);
  shared->name_peer_ = std::move(name_peer);
  return std::shared_ptr<const TlsContext>(std::move(shared));
}

TlsContext::~TlsContext() { library_.context_free(context_); }

}  // namespace ikada::registry
