// The cluster's vault: seals what must not rest in clear, and makes temporary credentials.
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

#include "cluster/auth/access_key.h"
#include "cluster/store/sealed_value.h"

namespace ikada {

class Vault {
 public:
  explicit Vault(SealingKeys keys) : keys_(std::move(keys)) {}

  // The key that follows from the cluster's authority, which all managers have.
  static SealingKey derive_key(const auth::Secret& authority_key);

  void put_first(SealingKey key) {
    const std::lock_guard lock(mutex_);
    keys_.put_first(std::move(key));
  }

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
