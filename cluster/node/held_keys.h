// What a node has of the keys and certificates that are exchanged, as it tells the leading manager,
// which waits for that. Authorities are named by their digests (auth::authority_digest()).
//
//   {"ask": "cluster-keys", "body": {"trusted": [...], "issuer": of its own certificate,
//    "sealing": [ids, the one that it seals with first], "hasStore": whether it runs etcd,
//    "storeTrusted": [whom that trusts since it was started], "storeIssuer"}}
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/json.h"

namespace ikada {

inline constexpr std::string_view kHeldKeysVerb = "cluster-keys";

struct HeldKeys {
  std::vector<std::string> trusted = {};
  std::string issuer = {};
  std::vector<std::string> sealing = {};  // Of managers, as what follows.
  bool has_store = false;
  std::vector<std::string> store_trusted = {};
  std::string store_issuer = {};

  bool operator==(const HeldKeys&) const = default;
};

Json to_json(const HeldKeys& held);
Result<HeldKeys> parse_held_keys(const Json& json);

}  // namespace ikada
