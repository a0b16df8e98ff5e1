// Which of a repository's tags name images, for pulling all of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ikada {

// Tags that tools hang on an image to find what belongs to it, e.g. "sha256-2c…f1.sig": signatures,
// attestations, lists of referrers. Whoever wants them asks for them by name.
//
// Source: cosign, "Signature spec"; OCI distribution-spec 1.1, "Referrers Tag Schema".
bool is_companion_tag(std::string_view tag);

// The others, in their order.
std::vector<std::string> select_image_tags(std::vector<std::string> tags);

}  // namespace ikada
