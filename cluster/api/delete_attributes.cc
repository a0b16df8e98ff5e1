#include "cluster/api/actions.h"
#include "cluster/api/attribute_targets.h"

namespace ikada {

// With a value given, only an attribute of that value goes.
Result<Outcome> delete_attributes(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<AttributesInput>(call));
  const auto remove = [](std::vector<Attribute>& present, const Attribute& given) {
    std::erase_if(present, [&](const Attribute& each) {
      return each.name == given.name && (!given.value.has_value() || each.value == given.value);
    });
  };
  return change_attributes(call, state, input, remove);
}

}  // namespace ikada
