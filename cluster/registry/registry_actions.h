// The actions of ECR's API that read or write manifests and layers; what the state alone answers is
// cluster/api/ecr. They run in the registry's pool.
//
// A layer's upload is at the manager where it was begun.
//
// Source: Amazon ECR API Reference, version 2015-09-21.
#pragma once

#include <string>
#include <string_view>

#include "cluster/registry/registry_keeper.h"
#include "image/registry/site.h"
#include "runtime/base/json.h"

namespace ikada {

struct RegistryCall {
  registry::Site& site;
  RegistryKeeper& keeper;
  const ApiOptions& options;
  Json body;               // An object.
  std::string caller;      // Who has been verified.
  std::string host;        // That the API was called by.
  bool is_secure = false;  // By TLS.
};

// Null for a name that is no such action. Waits.
using RegistryAction = Result<Json> (*)(const RegistryCall& call);
RegistryAction find_registry_action(std::string_view name);

}  // namespace ikada
