// The keys that packets and frames are sealed with: AES-256-GCM, at most three at a time.
//
// Everything is sealed with the primary key and opened with whichever key it names. A key is
// changed without losing a packet in three steps, each finished on all members before the next:
// install the new one everywhere, use it, remove the old one.
//
// Sealed bytes:
//   0   1   format, kSealFormat
//   1   4   key id: the first bytes of SHA-256("ikada gossip key" and the key)
//   5   12  nonce: 8 bytes that this keyring drew at random, then a counter; no nonce is used
//   twice,
//           and however many packets there are, chance decides only between members
//   17  n   ciphertext
//   17+n 16 tag
// Authenticated with them: the first five bytes, the channel (one byte), the cluster's name. So
// what belongs to another cluster, or was sent over the other kind of socket, does not open.
//
// One thread at a time. A key can seal 2^32 packets of this keyring before it draws a new number.
//
// Source: NIST SP 800-38D, section 8.2.1; EVP_EncryptInit(3).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace ikada::gossip {

using GossipKey = std::array<std::uint8_t, 32>;
using KeyId = std::uint32_t;

constexpr size_t kMaxKeys = 3;
constexpr std::uint8_t kSealFormat = 0x69;
constexpr size_t kSealBytes = 1 + 4 + 12 + 16;  // How much longer sealed bytes are.

enum class Channel : std::uint8_t { kDatagram = 1, kStream = 2 };

// 32 bytes from the kernel.
GossipKey random_gossip_key();
// What the key is called: it tells nothing about it.
KeyId key_id(const GossipKey& key);

class Keyring {
 public:
  Keyring(std::string cluster, const GossipKey& primary);
  ~Keyring();
  Keyring(Keyring&&) noexcept;
  Keyring& operator=(Keyring&&) noexcept;

  // From now on packets of this key open. A key that is there already is no error. kConflict if
  // there are three, or another key has the same id.
  Result<KeyId> install(const GossipKey& key);
  // From now on packets are sealed with it. kNotFound if it is not installed.
  Result<void> use(KeyId id);
  // kNotFound if it is not installed; kConflict if it is the primary one.
  Result<void> remove(KeyId id);
  // From now on it has these, the primary one first. kInvalid for none, or too many; kConflict if
  // two have one id. After an error it is as before.
  Result<void> set(const std::vector<GossipKey>& keys);

  // The primary one first.
  std::vector<KeyId> ids() const;

  std::string seal(std::string_view plain, Channel channel);
  // kDenied if no key opens it: of a stranger, damaged, or of another cluster or channel.
  Result<std::string> open(std::string_view sealed, Channel channel);

 private:
  struct Key;

  Key* find(KeyId id);

  std::string cluster_;
  std::vector<std::unique_ptr<Key>> keys_;  // The primary one first.
  std::uint64_t salt_ = 0;
  std::uint32_t counter_ = 0;
};

}  // namespace ikada::gossip
