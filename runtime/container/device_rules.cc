#include "runtime/container/device_rules.h"

#include "runtime/security/default_profile.h"

namespace ikada {

Result<std::vector<DeviceRule>> plan_device_rules(const std::vector<DeviceRule>& wanted) {
  IK_LET(defaults, parse_resources(Json{{"devices", default_device_rules()}}));
  std::vector<DeviceRule> rules = wanted;
  for (const DeviceRule& each : defaults.devices) {
    if (each.allow || wanted.empty()) rules.push_back(each);
  }
  return rules;
}

}  // namespace ikada
