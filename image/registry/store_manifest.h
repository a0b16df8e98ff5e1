// A manifest that has come becomes an image: quota, files, and with a keeper its record.
#pragma once

#include "image/registry/manifest_store.h"
#include "image/registry/site.h"
#include "runtime/base/result.h"

namespace ikada::registry {

// What put_manifest() says, and DENIED by a quota; with a keeper what record() says. Without one
// the configuration says whether the tag is immutable. Waits.
Result<void> store_manifest(Site& site,
                            const RegistryConfig& config,
                            ManifestPush push,
                            const ManifestContent& content);

}  // namespace ikada::registry
