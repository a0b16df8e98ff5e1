#include "cluster/gossip/ed25519.h"

#include <stdlib.h>
#include <sys/random.h>

#include <openssl/evp.h>

namespace ikada::gossip {
namespace {

struct FreeKey {
  void operator()(EVP_PKEY* key) const { ::EVP_PKEY_free(key); }
};
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { ::EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

const unsigned char* octets_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

PrivateKey random_private_key() {
  PrivateKey key{};
  // Up to 256 bytes are never cut short; without them no key can be made.
  if (::getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size())) ::abort();
  return key;
}

Result<std::unique_ptr<Ed25519>> Ed25519::create(const PrivateKey& key) {
  EVP_PKEY* const made =
      ::EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size());
  if (made == nullptr) return make_error(ErrorKind::kInternal, "libcrypto refuses the key");
  std::unique_ptr<Ed25519> signatures(new Ed25519(made));
  size_t size = signatures->public_key_.size();
  if (::EVP_PKEY_get_raw_public_key(made, signatures->public_key_.data(), &size) != 1) {
    return make_error(ErrorKind::kInternal, "libcrypto gives no public key");
  }
  return signatures;
}

Ed25519::~Ed25519() { ::EVP_PKEY_free(static_cast<EVP_PKEY*>(key_)); }

SignatureBytes Ed25519::sign(std::string_view text) const {
  const Context context(::EVP_MD_CTX_new());
  SignatureBytes signature{};
  size_t size = signature.size();
  // Fails only without memory.
  if (context == nullptr ||
      ::EVP_DigestSignInit(
          context.get(), nullptr, nullptr, nullptr, static_cast<EVP_PKEY*>(key_)) != 1 ||
      ::EVP_DigestSign(context.get(), signature.data(), &size, octets_of(text), text.size()) != 1) {
    ::abort();
  }
  return signature;
}

bool Ed25519::verify(const PublicKey& key,
                     std::string_view text,
                     const SignatureBytes& signature) const {
  const Key other(::EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()));
  const Context context(::EVP_MD_CTX_new());
  return other != nullptr && context != nullptr &&
         ::EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, other.get()) == 1 &&
         ::EVP_DigestVerify(
             context.get(), signature.data(), signature.size(), octets_of(text), text.size()) == 1;
}

}  // namespace ikada::gossip
