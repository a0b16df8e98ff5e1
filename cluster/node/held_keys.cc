#include "cluster/node/held_keys.h"

namespace ikada {

Json to_json(const HeldKeys& held) { return {{"sealing", held.sealing}}; }

Result<HeldKeys> parse_held_keys(const Json& json) {
  HeldKeys held;
  JsonReader reader(json, kHeldKeysVerb);
  reader.read("sealing", held.sealing);
  IK_TRY(reader.done());
  return held;
}

}  // namespace ikada
