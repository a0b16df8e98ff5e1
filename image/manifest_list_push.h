// Sending a manifest list: the images that the target does not have, then the index.
//
// Waits on the network. Images of this host's store are sent from there; those of another
// repository of the same registry are mounted; those of another registry are copied blob by blob,
// through a nameless file of the store's.
//
// Source: OCI distribution-spec 1.1, "Push"; docker-manifest-push(1).
#pragma once

#include <functional>
#include <string>

#include "image/manifest_list.h"
#include "image/registry_options.h"
#include "image/store.h"
#include "runtime/base/result.h"

namespace ikada {

// The index's digest. kInvalid if a platform is not known; else as push_image().
Result<std::string> push_manifest_list(
    const ImageStore& store,
    const ManifestList& list,
    const Reference& target,
    const std::function<Result<RegistryOptions>(const std::string& registry)>& registry_options);

}  // namespace ikada
