#include "cluster/api/actions.h"
#include "cluster/api/attribute_targets.h"

namespace ikada {

Result<Outcome> put_attributes(const ApiCall& call, const State& state) {
  IK_LET(input, parse_input<AttributesInput>(call));
  return change_attributes(call, state, input, put_attribute);
}

}  // namespace ikada
