// Docker's defaults for what a container may do, as our own tables: seccomp profile, capabilities,
// masked and read-only paths, device rules. Pure data; the engine writes them into config.json, the
// runtime only obeys config.json.
//
// Source: moby profiles/seccomp 0.2.3, oci/caps, oci/defaults (facts: names, numbers, paths).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/security/capabilities.h"  // all_capabilities()

namespace ikada {

// The 14 capabilities a container has by default, "CAP_CHOWN" form.
std::span<const std::string_view> default_capabilities();

std::span<const std::string_view> default_masked_paths();
std::span<const std::string_view> default_readonly_paths();

// linux.seccomp of an OCI config for a process whose bounding set is `capabilities`, with the rules
// that depend on capability and architecture already resolved.
Json default_seccomp_profile(std::span<const std::string> capabilities);

// linux.resources.devices of an OCI config: deny all, then Docker's allow list.
Json default_device_rules();

}  // namespace ikada
