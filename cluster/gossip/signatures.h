// Whose word it is: keys, signatures and the seam behind which they are made and checked.
//
// Source: RFC 8032 (Ed25519).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace ikada::gossip {

using PublicKey = std::array<std::uint8_t, 32>;
using SignatureBytes = std::array<std::uint8_t, 64>;

// A member's own key, and the check of anybody's. The simulator has a quick one of its own.
class Signatures {
 public:
  Signatures() = default;
  virtual ~Signatures() = default;
  Signatures(const Signatures&) = delete;
  Signatures& operator=(const Signatures&) = delete;

  virtual PublicKey public_key() const = 0;
  virtual SignatureBytes sign(std::string_view text) const = 0;
  virtual bool verify(const PublicKey& key,
                      std::string_view text,
                      const SignatureBytes& signature) const = 0;
};

}  // namespace ikada::gossip
