#include "cluster/node/held_keys.h"

namespace ikada {

Json to_json(const HeldKeys& held) {
  return {{"trusted", held.trusted},
          {"issuer", held.issuer},
          {"sealing", held.sealing},
          {"hasStore", held.has_store},
          {"storeTrusted", held.store_trusted},
          {"storeIssuer", held.store_issuer}};
}

Result<HeldKeys> parse_held_keys(const Json& json) {
  HeldKeys held;
  JsonReader reader(json, kHeldKeysVerb);
  reader.read("trusted", held.trusted);
  reader.read("issuer", held.issuer);
  reader.read("sealing", held.sealing);
  reader.read("hasStore", held.has_store);
  reader.read("storeTrusted", held.store_trusted);
  reader.read("storeIssuer", held.store_issuer);
  IK_TRY(reader.done());
  return held;
}

}  // namespace ikada
