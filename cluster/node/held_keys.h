// What a manager has of the keys that are being exchanged, as it tells the leading one, which waits
// for that:
//
//   {"ask": "cluster-keys", "body": {"sealing": [ids, the one that it seals with first]}}
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/json.h"

namespace ikada {

inline constexpr std::string_view kHeldKeysVerb = "cluster-keys";

struct HeldKeys {
  std::vector<std::string> sealing = {};

  bool operator==(const HeldKeys&) const = default;
};

Json to_json(const HeldKeys& held);
Result<HeldKeys> parse_held_keys(const Json& json);

}  // namespace ikada
