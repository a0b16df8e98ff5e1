// From which repositories of a registry blobs can be mounted: those that this host has pulled them
// from or pushed them to.
//
// Source: OCI distribution-spec 1.1, "Mounting a blob from another repository".
#pragma once

#include <map>
#include <string>
#include <vector>

#include "image/reference.h"
#include "image/store.h"
#include "runtime/base/result.h"

namespace ikada {

// Repositories ("library/debian") by the digest of a blob; the target's own is not among them.
using MountSources = std::map<std::string, std::vector<std::string>>;

// Reads the manifests of the images of that registry. Those that cannot be read give no sources.
Result<MountSources> find_mount_sources(const ImageStore& store, const Reference& target);

}  // namespace ikada
