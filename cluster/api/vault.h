// The cluster's vault: seals what must not rest in clear, and makes temporary credentials.
//
// The first key seals. The one that follows from the cluster's authority is that of clusters that
// were made before they had one of their own.
//
// A session needs no record: its token is the sealed text of the session itself, so that every
// manager with the cluster's keys knows it, also after a restart.
//
// From any thread.
//
// Source: cluster/store/sealed_value.h; AWS STS API Reference, "Credentials".
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/auth/access_key.h"
#include "cluster/store/sealed_value.h"

namespace ikada {

class Vault {
 public:
  explicit Vault(SealingKeys keys) : keys_(std::move(keys)) {}

  // The key that follows from the authority's.
  static SealingKey derive_key(const auth::Secret& authority_key);

  void put_first(SealingKey key) {
    const std::lock_guard lock(mutex_);
    keys_.put_first(std::move(key));
  }

  // From now on these.
  void use(SealingKeys keys) {
    const std::lock_guard lock(mutex_);
    keys_ = std::move(keys);
  }
  // Hexadecimal, the one that seals first.
  std::vector<std::string> key_ids() const;
  // Whether seal() would use another key today.
  bool is_outdated(std::string_view sealed) const;

  // In base64. `name` goes with it: it opens under that name only.
  Result<std::string> seal(std::string_view name, std::string_view plain) const;
  Result<auth::Secret> open(std::string_view name, std::string_view sealed) const;

  Result<auth::AccessKey> make_session(const std::string& principal, UnixNanos expires_at) const;
  // The key that goes with the token, whether it is still good or not; nothing for what is none of
  // ours.
  std::optional<auth::AccessKey> open_session(std::string_view token) const;

 private:
  mutable std::shared_mutex mutex_;
  SealingKeys keys_;  // Guarded by it.
};

}  // namespace ikada
