#include "tests/cluster/store/etcd_options.h"

#include <stdio.h>
#include <stdlib.h>

#include "runtime/base/text.h"

namespace ikada {
namespace {

std::string variable(const char* name) {
  const char* const value = ::getenv(name);
  if (value != nullptr && *value != '\0') return value;
  ::fprintf(stderr, "%s is not set\n", name);
  ::exit(2);
}

}  // namespace

EtcdOptions etcd_options_from_environment() {
  EtcdOptions options;
  const std::string endpoints = variable("IKADA_ETCD_ENDPOINTS");
  for (const std::string_view endpoint : split(endpoints, ',')) {
    options.endpoints.emplace_back(endpoint);
  }
  options.tls = {.ca_file = variable("IKADA_ETCD_CA"),
                 .certificate_file = variable("IKADA_ETCD_CERTIFICATE"),
                 .key_file = variable("IKADA_ETCD_KEY")};
  return options;
}

}  // namespace ikada
