// Ed25519 by libcrypto.
//
// Source: EVP_PKEY_new_raw_private_key(3), EVP_SIGNATURE-ED25519(7).
#pragma once

#include <memory>

#include "cluster/gossip/signatures.h"
#include "runtime/base/result.h"

namespace ikada::gossip {

// A private key as RFC 8032 has it: 32 random bytes.
using PrivateKey = std::array<std::uint8_t, 32>;

// 32 bytes from the kernel.
PrivateKey random_private_key();

class Ed25519 final : public Signatures {
 public:
  // kInternal if libcrypto refuses the key.
  static Result<std::unique_ptr<Ed25519>> create(const PrivateKey& key);
  ~Ed25519() override;

  PublicKey public_key() const override { return public_key_; }
  SignatureBytes sign(std::string_view text) const override;
  bool verify(const PublicKey& key,
              std::string_view text,
              const SignatureBytes& signature) const override;

 private:
  explicit Ed25519(void* key) : key_(key) {}

  void* key_;  // EVP_PKEY
  PublicKey public_key_{};
};

}  // namespace ikada::gossip
