#include "tests/cluster/gossip/quick_signatures.h"

#include <string.h>

#include <functional>

namespace ikada::gossip {
namespace {

SignatureBytes signature_of(const PublicKey& key, std::string_view text) {
  std::uint64_t number = 0;
  ::memcpy(&number, key.data(), sizeof(number));
  number ^= std::hash<std::string_view>{}(text);
  SignatureBytes signature{};
  ::memcpy(signature.data(), &number, sizeof(number));
  return signature;
}

}  // namespace

QuickSignatures::QuickSignatures(std::uint64_t number) {
  ::memcpy(key_.data(), &number, sizeof(number));
}

SignatureBytes QuickSignatures::sign(std::string_view text) const {
  return signature_of(key_, text);
}

bool QuickSignatures::verify(const PublicKey& key,
                             std::string_view text,
                             const SignatureBytes& signature) const {
  return signature_of(key, text) == signature;
}

}  // namespace ikada::gossip
