#include "image/registry/password_file.h"

#include <algorithm>
#include <crypt.h>
#include <memory>

#include "image/registry/access.h"
#include "image/registry/crypto_library.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"
#include "runtime/sys/shared_library.h"

namespace ikada::registry {
namespace {

constexpr size_t kBcryptBytes = 60;  // "$2y$05$", 22 characters of salt and 31 of hash.
constexpr size_t kSettingBytes = 29;
constexpr size_t kCostAt = 4;
constexpr std::uint64_t kLeastCost = 4;
constexpr std::uint64_t kMostCost = 17;  // Several seconds; more would stop the registry.
constexpr size_t kMaxUserBytes = 255;

bool is_bcrypt(std::string_view hash) {
  if (hash.size() != kBcryptBytes) return false;
  const bool known =
      hash.starts_with("$2y$") || hash.starts_with("$2b$") || hash.starts_with("$2a$");
  const Result<std::uint64_t> cost = parse_unsigned(hash.substr(kCostAt, 2), kMostCost);
  return known && cost.has_value() && *cost >= kLeastCost && hash[kCostAt + 2] == '$';
}

Error bad_line(size_t number, std::string_view why) {
  return make_error(ErrorKind::kInvalid, "line {}: {}", number, why);
}

}  // namespace

Result<PasswordFile> PasswordFile::parse(std::string_view text) {
  PasswordFile file;
  size_t number = 0;
  for (const std::string_view raw : split(text, '\n')) {
    ++number;
    const std::string_view line = trim(raw);
    if (line.empty() || line.starts_with('#')) continue;
    const Cut parts = cut(line, ':');
    if (!parts.found || parts.before.empty()) return bad_line(number, "expected NAME:HASH");
    if (parts.before.size() > kMaxUserBytes) return bad_line(number, "the name is too long");
    if (parts.before == kAnonymous || parts.before == "*") {
      return bad_line(number, fmt::format("no user can be called {}", parts.before));
    }
    if (!is_bcrypt(parts.after)) {
      return bad_line(
          number,
          fmt::format("the hash of {} is not bcrypt; make it with htpasswd -B", parts.before));
    }
    file.hashes_[std::string(parts.before)] = std::string(parts.after);
  }
  return file;
}

std::string PasswordFile::hash_of(std::string_view user) const {
  const auto found = hashes_.find(user);
  if (found != hashes_.end()) return found->second;
  if (hashes_.empty()) return "*";
  // '!' is not in bcrypt's alphabet: the comparison fails whatever the password is.
  return hashes_.begin()->second.substr(0, kSettingBytes) + "!";
}

bool check_password(const std::string& password, const std::string& hash) {
  struct Crypt {
    decltype(crypt_r)* function = nullptr;
  };
  static const Crypt crypt = [] {
    Crypt found;
    const Result<SharedLibrary> library = SharedLibrary::open("libcrypt.so.1");
    if (!library.has_value() || !library->find("crypt_r", found.function).has_value()) {
      found.function = nullptr;
    }
    return found;
  }();
  if (crypt.function == nullptr || hash.size() < kSettingBytes) return false;
  // 32 KiB, which would not fit a small stack.
  const auto scratch = std::make_unique<crypt_data>();
  const char* computed =
      crypt.function(password.c_str(), hash.substr(0, kSettingBytes).c_str(), scratch.get());
  return computed != nullptr && equal_in_constant_time(computed, hash);
}

}  // namespace ikada::registry
