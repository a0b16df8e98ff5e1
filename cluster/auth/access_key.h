// Access keys: what a client signs with.
//
// Where keys are kept, and that they are sealed there, is the caller's: verify() asks a function.
//
// Source: IAM User Guide, "IAM identifiers" (prefixes of unique ids).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cluster/auth/secret.h"
#include "runtime/base/clock.h"
#include "runtime/base/result.h"

namespace ikada::auth {

struct AccessKey {
  std::string id;
  Secret secret;
  std::string principal;  // Who it is, e.g. "arn:aws:iam::123456789012:user/admin".
  bool is_active = true;
  // Of temporary credentials: the token that goes with the key, and until when they are good.
  Secret session_token;
  std::optional<UnixNanos> expires_at;
};

// The key with that id, or null. It stays where it is until verify() has returned.
using FindAccessKey = std::function<const AccessKey*(std::string_view id)>;

enum class AccessKeyKind : std::uint8_t {
  kLongTerm,   // "AKIA…"
  kTemporary,  // "ASIA…", with a session token.
};

// A new id (20 characters) and secret (40), for temporary keys also a token, from getrandom(2).
// `principal` and `expires_at` are the caller's to fill in.
AccessKey generate_access_key(AccessKeyKind kind);

// The same from given bytes.
inline constexpr size_t kAccessKeyEntropyBytes = 16 + 30 + 96;
AccessKey make_access_key(AccessKeyKind kind,
                          std::span<const std::uint8_t, kAccessKeyEntropyBytes> entropy);

}  // namespace ikada::auth
