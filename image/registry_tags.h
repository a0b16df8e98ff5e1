// The tags of a repository, as the registry lists them.
//
// Source: OCI distribution-spec 1.1, "Listing Tags"; RFC 8288 (Link).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "image/registry_client.h"
#include "runtime/base/result.h"

namespace ikada {

// In the registry's order, all pages of it. Waits on the network. kNotFound without such a
// repository; kInvalid with code REGISTRY_PROTOCOL for an answer that is no list of tags, or no end
// of them.
Result<std::vector<std::string>> list_tags(RegistryClient& client);

// The target with rel=next of a Link header, e.g. "/v2/web/tags/list?last=b"; empty without one.
std::string next_link(std::string_view header);

}  // namespace ikada
