#include "image/registry/password_check.h"

#include "image/registry/crypto_library.h"
#include "image/registry/failure.h"
#include "runtime/base/random_id.h"

namespace ikada::registry {
namespace {

constexpr size_t kThreads = 2;
constexpr size_t kMostRunning = 64;
constexpr size_t kMostRemembered = 4096;
constexpr size_t kSecretBytes = 32;
constexpr std::chrono::seconds kMemory{60};

}  // namespace

PasswordCheck::PasswordCheck() : secret_(random_hex(kSecretBytes)), pool_(kThreads) {}

bool PasswordCheck::is_remembered(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(key);
  if (found == known_.end()) return false;
  if (Clock::now() < found->second) return true;
  known_.erase(found);
  return false;
}

void PasswordCheck::remember(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const Clock::time_point now = Clock::now();
  if (known_.size() >= kMostRemembered) {
    std::erase_if(known_, [now](const auto& each) { return each.second <= now; });
    if (known_.size() >= kMostRemembered) known_.clear();
  }
  known_[key] = now + kMemory;
}

Result<void> PasswordCheck::check(const PasswordFile& file,
                                  const BasicAuthorization& given,
                                  const Yield& yield) {
  const std::string hash = file.hash_of(given.user);
  // The hash is a part of the key: a changed password file forgets.
  std::string text = given.user;
  text.append(1, '\0').append(given.password).append(1, '\0').append(hash);
  const std::string key = hmac_sha256(secret_, text);
  if (is_remembered(key)) return {};
  if (running_ >= kMostRunning) {
    return api_error(kTooManyRequests, "too many logins at once; try again");
  }
  ++running_;
  const bool is_right = pool_.run(yield, [&] { return check_password(given.password, hash); });
  --running_;
  if (!is_right) return api_error(kUnauthorized, "wrong user name or password");
  remember(key);
  return {};
}

}  // namespace ikada::registry
