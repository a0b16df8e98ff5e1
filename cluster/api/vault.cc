#include "cluster/api/vault.h"

#include <algorithm>

#include "cluster/auth/digest.h"
#include "image/base64.h"
#include "runtime/base/json.h"
#include "runtime/base/random_id.h"

namespace ikada {
namespace {

constexpr std::string_view kSession = "session";

}  // namespace

SealingKey Vault::derive_key(const auth::Secret& authority_key) {
  const auth::Sha256 derived = auth::hmac_sha256(authority_key.reveal(), "ikada sealing key 1");
  SealingKey::Bytes bytes{};
  std::copy(derived.begin(), derived.end(), bytes.begin());
  return SealingKey(bytes);
}

std::vector<std::string> Vault::key_ids() const {
  const std::shared_lock lock(mutex_);
  std::vector<std::string> ids;
  for (const SealingKey& key : keys_.all()) {
    const std::string id = key.id();
    ids.push_back(to_hex(id.data(), id.size()));
  }
  return ids;
}

bool Vault::is_outdated(std::string_view sealed) const {
  const Result<std::string> bytes = decode_base64(sealed);
  const std::shared_lock lock(mutex_);
  return bytes.has_value() && keys_.is_outdated(*bytes);
}

Result<std::string> Vault::seal(std::string_view name, std::string_view plain) const {
  const std::shared_lock lock(mutex_);
  IK_LET(sealed, keys_.seal(name, plain));
  return encode_base64(sealed);
}

Result<auth::Secret> Vault::open(std::string_view name, std::string_view sealed) const {
  IK_LET(bytes, decode_base64(sealed));
  const std::shared_lock lock(mutex_);
  IK_LET(plain, keys_.open(name, bytes));
  return auth::Secret(std::move(plain));
}

Result<auth::AccessKey> Vault::make_session(const std::string& principal,
                                            UnixNanos expires_at) const {
  auth::AccessKey key = auth::generate_access_key(auth::AccessKeyKind::kTemporary);
  key.principal = principal;
  key.expires_at = expires_at;
  const Json content = {{"id", key.id},
                        {"secret", key.secret.reveal()},
                        {"principal", principal},
                        {"expires", expires_at}};
  IK_LET(token, seal(kSession, content.dump()));
  key.session_token = auth::Secret(std::move(token));
  return key;
}

std::optional<auth::AccessKey> Vault::open_session(std::string_view token) const {
  const Result<auth::Secret> opened = open(kSession, token);
  if (!opened.has_value()) return std::nullopt;
  const Result<Json> json = parse_json(opened->reveal());
  if (!json.has_value()) return std::nullopt;
  auth::AccessKey key;
  std::string secret;
  UnixNanos expires_at = 0;
  JsonReader reader(*json, "session");
  reader.require("id", key.id);
  reader.require("secret", secret);
  reader.require("principal", key.principal);
  reader.require("expires", expires_at);
  if (!reader.done().has_value()) return std::nullopt;
  key.secret = auth::Secret(std::move(secret));
  key.expires_at = expires_at;
  key.session_token = auth::Secret(std::string(token));
  return key;
}

}  // namespace ikada
