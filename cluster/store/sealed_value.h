// Values that rest encrypted: the store, its backups and its logs see only sealed bytes.
//
//   sealed = "ISV1" | key id, 8 bytes | nonce, 12 | AES-256-GCM ciphertext | tag, 16
//
// The store key is authenticated with it, so a sealed value moved to another key does not open. Key
// ids are the beginning of a digest of the key and tell nothing about it. Nonces are random: one
// key is good for 2^32 values, then rotate.
//
// The key file has mode 0600 and one key of 64 hexadecimal digits in each line. The first seals;
// all open. To rotate: add_key(), seal every value anew, then drop_old_keys().
//
// Source: NIST SP 800-38D; EVP_EncryptInit(3).
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace ikada {

// One key; its bytes are wiped when it dies. Move-only, cannot be printed.
class SealingKey {
 public:
  static constexpr size_t kBytes = 32;
  using Bytes = std::array<unsigned char, kBytes>;

  explicit SealingKey(const Bytes& bytes) : bytes_(bytes) {}
  SealingKey(SealingKey&& other) noexcept;
  SealingKey& operator=(SealingKey&& other) noexcept;
  SealingKey(const SealingKey&) = delete;
  SealingKey& operator=(const SealingKey&) = delete;
  ~SealingKey();

  const Bytes& bytes() const { return bytes_; }
  std::string id() const;  // 8 bytes.

 private:
  Bytes bytes_;
};

class SealingKeys {
 public:
  // Makes the file with one random key. kConflict if it exists.
  static Result<void> create_file(const std::string& path);

  // kDenied if others than the owner may read or write the file; kInvalid if it holds no keys.
  static Result<SealingKeys> open_file(const std::string& path);

  // Of keys that come from elsewhere; at least one, or put_first() follows.
  explicit SealingKeys(std::vector<SealingKey> keys) : keys_(std::move(keys)) {}

  // Seals with that key from now on, and opens with the others, too.
  void put_first(SealingKey key) { keys_.insert(keys_.begin(), std::move(key)); }

  // Puts a new random key in front, in the file; or keeps only the first. Open it anew afterwards.
  static Result<void> add_key(const std::string& path);
  static Result<void> drop_old_keys(const std::string& path);

  Result<std::string> seal(std::string_view store_key, std::string_view plain) const;

  // kNotFound if it was sealed with a key that is not in the file; kInvalid, with code
  // SEAL_BROKEN, for bytes that were never sealed for this store key.
  Result<std::string> open(std::string_view store_key, std::string_view sealed) const;

  const std::vector<SealingKey>& all() const { return keys_; }

  // Whether seal() would use another key today.
  bool is_outdated(std::string_view sealed) const;

 private:
  std::vector<SealingKey> keys_;  // At least one; the first seals.
};

}  // namespace ikada
