// Signatures for simulations: quick, and worth nothing. Whoever knows the key can make them, so a
// test that forges one has to do it by hand.
#pragma once

#include "cluster/gossip/signatures.h"

namespace ikada::gossip {

class QuickSignatures final : public Signatures {
 public:
  explicit QuickSignatures(std::uint64_t number);

  PublicKey public_key() const override { return key_; }
  SignatureBytes sign(std::string_view text) const override;
  bool verify(const PublicKey& key,
              std::string_view text,
              const SignatureBytes& signature) const override;

 private:
  PublicKey key_{};
};

}  // namespace ikada::gossip
